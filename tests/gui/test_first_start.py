"""How the window comes up: with a model, a second time, in safe mode, with kernels to compile."""

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSize

from octavo import __main__ as program
from octavo.engine.hardware.memory import MemoryPool
from octavo.gui.chat_desk import ChatDesk
from octavo.gui.doorbell import Doorbell
from octavo.gui.warm_engine import WarmEngine
from octavo.gui.widgets.chat_status import ChatStatus
from octavo.gui.workspace import Workspace
from octavo.store.instance import InstanceLock, leave_call, take_calls
from octavo.worker.protocol import Load


@pytest.mark.parametrize("arguments", [["fit"], ["chat", "demo"], ["--help"], ["--no-plugins", "plugins"]])
def test_commands_are_commands(arguments):
    assert program.models_to_open(arguments) is None


def test_a_command_wins_over_a_file_of_its_name(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)

    assert program.models_to_open(["models"]) is None


def test_files_and_folders_open_the_window(tmp_path, monkeypatch):
    (tmp_path / "hf").mkdir()
    monkeypatch.chdir(tmp_path)

    assert program.models_to_open(["--no-plugins", "a.gguf", "hf"]) == ["a.gguf", "hf"]
    assert program.models_to_open([]) == []


@pytest.mark.parametrize(
    ("arguments", "said", "is_safe"),
    [(["--no-plugins"], "", True), ([], "1", True), ([], "yes", True), ([], "0", False), ([], "", False)],
)
def test_plugins_can_be_left_out_by_argument_and_environment(monkeypatch, arguments, said, is_safe):
    monkeypatch.setenv("OCTAVO_NO_PLUGINS", said)

    assert program.is_safe_mode(arguments) is is_safe


def test_a_file_that_is_not_there_is_one_sentence(tmp_path, monkeypatch, capsys):
    missing = tmp_path / "gone.gguf"
    monkeypatch.setattr(sys, "argv", ["octavo", str(missing)])

    assert program.main() == 1
    assert capsys.readouterr().err.startswith(f"octavo: There is no file or folder {missing}. ")


@pytest.mark.parametrize("name", ["Org/Tiny", "hf.co/Org/Tiny", "https://huggingface.co/Org/Tiny"])
def test_the_window_opens_models_by_the_names_of_other_programs(tmp_path, monkeypatch, name):
    for each in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    hub = tmp_path / ".cache" / "huggingface" / "hub" / "models--Org--Tiny" / "snapshots" / "abc"
    hub.mkdir(parents=True)
    (hub / "config.json").write_text("{}")
    (hub / "model.safetensors").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["octavo", name])
    opened = []
    monkeypatch.setattr("octavo.gui.main.run", lambda _, models, **others: opened.extend(models) or 0)

    assert program.main() == 0
    assert opened == [hub]


def test_a_name_that_nobody_keeps_here_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["octavo", "Org/Nowhere"])

    assert program.main() == 1
    assert "Org/Nowhere is not on this computer, and Octavo downloads nothing." in capsys.readouterr().err


def test_a_folder_of_models_is_handed_to_the_window_whole(tmp_path, monkeypatch):
    (tmp_path / "one.gguf").touch()
    (tmp_path / "two.gguf").touch()
    monkeypatch.setattr(sys, "argv", ["octavo", str(tmp_path)])
    opened = []
    monkeypatch.setattr("octavo.gui.main.run", lambda _, models, **others: opened.extend(models) or 0)

    assert program.main() == 0
    assert opened == [tmp_path]


def test_a_second_start_hands_its_model_to_the_first(tmp_path, monkeypatch, capsys):
    model = tmp_path / "a.gguf"
    model.write_bytes(b"")
    monkeypatch.setattr(sys, "argv", ["octavo", str(model)])
    first = InstanceLock()
    assert first.acquire()

    status = program.main()
    first.release()

    assert status == 0
    assert "open already" in capsys.readouterr().err
    assert take_calls() == [[str(model)]]
    assert take_calls() == []


def test_what_is_no_call_is_dropped(home):
    leave_call([])
    (home / "data" / "calls" / "1.json").write_text("{broken")
    (home / "data" / "calls" / "2.json").write_text("[1]")

    assert take_calls() == [[]]


def test_a_call_rings(qtbot):
    bell = Doorbell()

    with qtbot.waitSignal(bell.rung) as rung:
        leave_call(["/models/a.gguf"])

    assert rung.args == [["/models/a.gguf"]]


def test_a_file_leads_to_the_chat(joined, qtbot):
    with qtbot.waitSignal(joined.desk.loaded):
        joined.open_models([Path("/models/new.gguf")])

    assert joined.window.page_name == "Chat"
    assert joined.desk.path == "/models/new.gguf"


def test_a_folder_leads_to_its_conversion(joined, qtbot):
    joined.open_models([Path("/models/other")])

    qtbot.waitUntil(lambda: joined.window.page_name == "Convert")
    assert joined.workspace.selected_path == "/models/other"


def test_the_chat_takes_the_model_that_is_selected_and_loads_it_when_something_is_typed(joined, qtbot):
    joined.workspace.select("/models/small.gguf")
    joined.window.show_named("Chat")
    assert joined.desk.state == "empty"
    assert "Small" in joined.chat.panel.header.chip.accessibleName()

    with qtbot.waitSignal(joined.desk.loaded):
        joined.chat.panel.composer.write("H")

    assert joined.desk.path == "/models/small.gguf"


def test_a_chat_keeps_its_model_when_another_is_selected(joined, qtbot):
    with qtbot.waitSignal(joined.desk.loaded):
        joined.chat.panel.chat_with("/models/small.gguf")
    with qtbot.waitSignal(joined.desk.answered):
        joined.chat.panel.turns.ask("Hello")
    joined.workspace.select("/models/folder")

    joined.window.show_named("Chat")

    assert joined.chat.panel.model.path == "/models/small.gguf"


def test_predicted_and_measured_memory_stand_side_by_side(joined, qtbot):
    with qtbot.waitSignal(joined.desk.loaded):
        joined.chat.panel.chat_with("/models/small.gguf")

    said = joined.chat.panel.status._memory.text()
    assert said == "Memory predicted 250 MB, measured 260 MB  ·"


def test_kernels_are_compiled_in_the_background_and_it_is_said(joined, qtbot, engine):
    warm = WarmEngine(command=[*engine, "--cold"])
    told = []
    warm.progressed.connect(lambda done, total: told.append((done, total)))

    with qtbot.waitSignal(warm.ended):
        warm.start()

    assert told == [(0, 3), (1, 3), (2, 3)]


def test_nothing_is_said_where_all_is_compiled(qtbot, engine):
    warm = WarmEngine(command=engine)
    warm.progressed.connect(lambda done, total: pytest.fail("there was nothing to compile"))

    with qtbot.waitSignal(warm.ended):
        warm.start()


def test_compiling_makes_way_for_a_model(joined, qtbot):
    with qtbot.waitSignal(joined.warm_engine.ended):
        joined.warm_engine.start()
        joined.desk.load(Load(path="/models/small.gguf"))

    assert joined.window.navigation._news.isHidden()


def test_safe_mode_leaves_strangers_off_and_says_so(workspace, qtbot, engine):
    safe = Workspace(workspace.settings, workspace.host, workspace._inspector, safe_mode=True)
    safe.change_settings(enabled_plugins=("stranger",))
    safe.reload_plugins()

    assert safe.host._enabled == frozenset()
    assert any(each.name == "Q8_0" for each in safe.host.quantizers())
    safe.close()


def test_a_stopped_engine_shows_no_memory(joined, qtbot):
    with qtbot.waitSignal(joined.desk.loaded):
        joined.chat.panel.chat_with("/models/small.gguf")
    assert isinstance(joined.desk, ChatDesk)

    joined.desk._engine._process.kill()

    qtbot.waitUntil(lambda: joined.chat.panel.status._memory.text() == "")


@pytest.mark.parametrize(
    ("space", "size"),
    [((1920, 1080), (1280, 800)), ((1280, 800), (1264, 752)), ((1024, 600), (1008, 552))],
)
def test_a_first_window_fits_its_screen_with_its_frame(joined, space, size):
    joined.window.fit_into(QSize(*space))

    assert joined.window.size() == QSize(*size)


def test_nothing_moves_when_a_model_gets_ready():
    status = ChatStatus()
    before = status.sizeHint().height()

    status.meter.show_tokens(0, 512)

    assert status.sizeHint().height() == before


def test_graphics_cards_are_named_when_their_driver_answers_late(joined, qtbot):
    with qtbot.waitSignal(joined.desk.ready):
        joined.desk.warm_up()
    told = joined.window.navigation.meter._processor
    assert told.text().endswith("no GPU")

    (ram,) = joined.workspace.pools
    card = MemoryPool("NVIDIA GeForce RTX 4090", "vram", 24 * 10**9, 20 * 10**9)
    joined.workspace.pools = [ram, card]
    joined.workspace.memory_changed.emit()
    assert told.text().endswith("NVIDIA GeForce RTX 4090")

    joined.workspace.pools = [ram, card, card]
    joined.workspace.memory_changed.emit()
    assert told.text().endswith("2 GPUs")

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import QDropEvent

from octavo.gui.pages.models import ModelsPage
from octavo.gui.widgets.empty_models import EmptyModels
from octavo.gui.widgets.model_details import ModelDetails
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.store.library import ModelEntry, demo_model
from octavo.worker.protocol import Failed

CARD = QRect(0, 0, 500, 96)


@pytest.fixture
def page(joined):
    return joined.models


def shown_rows(page):
    return [page.list.rows[each] for each in page.list.rows.paths]


def test_models_are_listed_with_what_they_are(page):
    first, second = shown_rows(page)

    assert "Small" in first.spoken
    assert "GGUF BF16" in first.spoken
    assert "Safetensors" in second.spoken
    assert "runs well" in first.spoken_state


def test_the_first_model_is_chosen_and_described(page):
    (details,) = page.findChildren(ModelDetails)

    assert details.isVisible()
    assert details.chat.isEnabled()
    assert page.list.view.currentIndex().row() == 0


def test_searching_narrows_the_list(page, qtbot):
    qtbot.keyClicks(page._search, "folder")

    assert [each.path for each in shown_rows(page)] == ["/models/folder"]


def test_only_the_demo_means_an_invitation(joined, page, qtbot):
    joined.workspace.show_library(
        [ModelEntry(path=str(demo_model()), source="Octavo", name="Octavo demo", bytes=1)]
    )
    (empty,) = page.findChildren(EmptyModels)
    assert empty.isVisible()

    empty.demo_asked.emit()

    assert not empty.isVisible()
    assert [each.path for each in shown_rows(page)] == [str(demo_model())]


def test_the_demo_asked_for_before_the_list_is_read_shows_no_empty_details(joined, page):
    joined.workspace.show_library([])
    (empty,) = page.findChildren(EmptyModels)

    empty.demo_asked.emit()

    assert empty.isVisible()
    assert page.about.text() == "Opening the demo model…"


def test_a_dropped_model_is_opened_and_chosen(joined, page, qtbot, tmp_path):
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(tmp_path / "dropped.gguf"))])
    event = QDropEvent(
        QPointF(10, 10),
        Qt.DropAction.CopyAction,
        dropped,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )

    with qtbot.waitSignal(joined.workspace.model_changed):
        joined.window.dropEvent(event)

    assert joined.workspace.selected_model.name == "dropped"
    assert str(tmp_path / "dropped.gguf") in joined.workspace.settings.added_models


def test_what_is_no_model_is_refused_in_a_sentence_and_not_kept(joined, page, qtbot):
    with qtbot.waitSignal(joined.workspace.refused):
        joined.workspace.add_model(Path("/m/refused.gguf"))

    (problem,) = page.findChildren(ProblemCard)
    assert problem.text == "This is no model. Choose another."
    assert joined.workspace.model("/m/refused.gguf") is None
    assert joined.workspace.settings.added_models == ()


def test_a_file_that_kills_its_reader_hides_no_other(joined, page, qtbot):
    paths = ["/m/crash.gguf", "/m/fine.gguf"]

    with qtbot.waitSignals([joined.workspace.model_changed] * 2):
        joined.workspace.show_library(
            [ModelEntry(path=path, source="Folder", name=path, bytes=1) for path in paths]
        )

    assert joined.workspace.model(paths[0]).problem
    assert joined.workspace.model(paths[1]).card is not None


def test_chat_and_convert_lead_to_their_pages(joined, page):
    (details,) = page.findChildren(ModelDetails)

    details.convert.click()
    assert joined.window.page_name == "Convert"
    details.chat.click()
    assert joined.window.page_name == "Chat"


def test_a_folder_of_models_is_looked_through_and_kept(joined, page, qtbot, tmp_path):
    (tmp_path / "one.gguf").write_bytes(b"GGUF")

    with qtbot.waitSignal(joined.workspace.selected):
        joined.workspace.add_model(tmp_path)

    assert joined.workspace.selected_path == str(tmp_path / "one.gguf")
    assert joined.workspace.settings.model_folders == (str(tmp_path),)
    assert f"in {tmp_path.name}" in joined.models.list.rows[joined.workspace.selected_path].spoken


def test_a_folder_without_models_is_told_of_and_not_kept(joined, page, qtbot, tmp_path):
    with qtbot.waitSignal(joined.workspace.refused):
        joined.workspace.add_model(tmp_path)

    (problem,) = page.findChildren(ProblemCard)
    assert problem.text.startswith(f"No model was found in {tmp_path}.")
    assert joined.workspace.settings.model_folders == ()


def test_who_keeps_a_model_is_said(page):
    assert "LM Studio" in shown_rows(page)[0].spoken


def test_a_model_that_cannot_be_opened_is_greyed_with_its_reason(joined, page):
    entries = [
        ModelEntry(path="/models/small.gguf", source="Ollama", name="Small", bytes=1),
        ModelEntry(path="/b/cut.gguf", source="Jan", name="Cut", bytes=1, problem="The file was cut short."),
    ]

    joined.workspace.show_library(entries)

    broken = joined.models.list.rows["/b/cut.gguf"]
    tones = {each.text: each.tone for each in broken.parts(CARD)}
    assert tones["Cut"] == "text3"
    assert tones["The file was cut short."] == "danger"
    assert broken.spoken_state == "The file was cut short."
    assert joined.workspace.selected_path == "/models/small.gguf"


def test_why_a_file_cannot_be_opened_does_not_repeat_its_name(joined):
    failed = Failed(
        kind="unreadable_model", message="small.gguf: the file is cut short.", hint="Download it."
    )

    joined.workspace._inspector.refused.emit("/models/small.gguf", failed)

    shown = joined.models.list.rows["/models/small.gguf"]
    assert shown.problem == "The file is cut short. Download it."


def test_a_model_that_can_be_opened_again_is_grey_no_more(joined, page):
    def listed(problem):
        joined.workspace.show_library(
            [ModelEntry(path="/models/small.gguf", source="Jan", name="Small", bytes=1, problem=problem)]
        )

    listed("The file was cut short.")
    listed("")

    (name,) = [
        each for each in joined.models.list.rows["/models/small.gguf"].parts(CARD) if each.text == "Small"
    ]
    assert name.tone == "text"


def test_a_copy_names_what_it_is_a_copy_of(joined, page):
    first = ModelEntry(path="/models/small.gguf", source="LM Studio", name="Small", bytes=1)
    copy = ModelEntry(
        path="/models/copy.gguf", source="Ollama", name="small:latest", bytes=1, duplicate_of=first.path
    )

    joined.workspace.show_library([first, copy])

    (pill,) = [each for each in joined.models.list.rows[copy.path].parts(CARD) if each.text == "Copy"]
    assert pill.tip == "The same file as Small in LM Studio"
    assert "Copy" not in [each.text for each in joined.models.list.rows[first.path].parts(CARD)]


def opened(joined, path):
    joined.window.models_chosen.emit([path])


def test_what_is_opened_on_the_convert_page_becomes_its_source(joined, qtbot, tmp_path):
    joined.window.show_named("Convert")

    with qtbot.waitSignal(joined.workspace.model_changed):
        opened(joined, tmp_path / "dropped.gguf")

    assert joined.window.page_name == "Convert"
    assert joined.workspace.selected_model.path == str(tmp_path / "dropped.gguf")


def test_a_whole_folder_that_is_opened_leads_to_its_conversion(joined, page, qtbot, tmp_path):
    folder = tmp_path / "whole"
    folder.mkdir()
    (folder / "config.json").write_text("{}")

    with qtbot.waitSignal(joined.workspace.model_changed):
        opened(joined, folder)

    assert joined.window.page_name == "Convert"
    assert joined.workspace.selected_path == str(folder)


def test_a_file_that_is_opened_in_the_chat_is_chatted_with(joined, qtbot, tmp_path):
    joined.window.show_named("Chat")

    with qtbot.waitSignal(joined.desk.ready):
        opened(joined, tmp_path / "opened.gguf")

    qtbot.waitUntil(lambda: joined.desk.state == "ready")
    assert joined.window.page_name == "Chat"


def test_a_file_that_is_opened_among_the_models_stays_there(joined, page, qtbot, tmp_path):
    with qtbot.waitSignal(joined.workspace.model_changed):
        opened(joined, tmp_path / "opened.gguf")

    assert joined.window.page_name == "Models"
    assert joined.workspace.selected_path == str(tmp_path / "opened.gguf")


def test_a_refusal_is_shown_wherever_it_was_opened(joined, qtbot):
    joined.window.show_named("Convert")

    with qtbot.waitSignal(joined.workspace.refused):
        opened(joined, Path("/m/refused.gguf"))

    assert joined.window.page_name == "Models"
    assert [each.isVisible() for each in joined.models.findChildren(ProblemCard)] == [True]


@pytest.mark.parametrize("name", ["adapter_config.json", "some.safetensors"])
def test_a_folder_that_is_no_whole_model_is_refused_in_the_engines_words(joined, page, qtbot, tmp_path, name):
    folder = tmp_path / "refused"
    folder.mkdir()
    (folder / name).write_text("{}")

    with qtbot.waitSignal(joined.workspace.refused) as told:
        joined.workspace.add_model(folder)

    assert told.args[1].message == "This is no model."
    assert joined.workspace.model(str(folder)) is None
    assert joined.workspace.settings.model_folders == ()


def test_the_last_list_is_shown_until_models_have_been_looked_for(workspace, qtbot, monkeypatch):
    kept, removed = (
        ModelEntry(f"/models/{name}.gguf", who, name, 1) for name, who in (("a", "LM Studio"), ("b", "Added"))
    )
    monkeypatch.setattr("octavo.gui.listed_model.remembered_models", lambda: [kept, removed])
    page = ModelsPage(workspace)
    qtbot.addWidget(page)
    assert page.about.text() == "Looking for models on this computer…"

    with qtbot.waitSignal(workspace._inspector.listed):
        workspace.look_for_models()
        assert [each.name for each in workspace.models] == ["a"]
        assert workspace.is_looking

    assert "a" not in [each.name for each in workspace.models]
    assert not workspace.is_looking


def test_the_last_list_is_on_the_first_picture_and_read_later(workspace, qtbot, monkeypatch):
    entry = ModelEntry("/models/a.gguf", "LM Studio", "a", 1)
    monkeypatch.setattr("octavo.gui.listed_model.remembered_models", lambda: [entry])
    page = ModelsPage(workspace)
    qtbot.addWidget(page)

    workspace.recall_models()

    assert page.list.rows.paths == ["/models/a.gguf"]
    assert workspace.selected_path == "/models/a.gguf"
    assert not workspace._inspector._waiting
    assert not workspace._inspector._current

    with qtbot.waitSignal(workspace.model_changed):
        workspace.look_for_models()

import itertools
import os
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.errors import OctavoError, PluginFailed
from octavo.plugin.host import PluginHost

GOOD = """
from octavo.api import Plan, block_type, hookimpl

api_version = 1

class Half:
    name = "HALF"
    summary = "Half of everything."
    format = "gguf"

    def plan(self, tensors, options):
        return Plan({t.name: block_type("F16") for t in tensors})

    def encode(self, weights, block_type, importance):
        return weights.astype("float16").view("uint8")

@hookimpl
def quantizers():
    return [Half()]
"""
POOLS = """
from octavo.api import MemoryPool, hookimpl

@hookimpl
def memory_pools():
    return [MemoryPool("Far away", "vram", 10, 5)]
"""


_NUMBERS = itertools.count()


class Installer:
    """Installs plugins the way pip does: a module and its metadata on the path."""

    def __init__(self, folder):
        self.folder = folder
        self.modules = []

    def install(self, name, source, point=None):
        point = point or name
        module = f"bad_plugin_{next(_NUMBERS)}"
        (self.folder / f"{module}.py").write_text(textwrap.dedent(source))
        info = self.folder / f"{name.replace('-', '_')}-2.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.5\n")
        (info / "entry_points.txt").write_text(f"[octavo]\n{point} = {module}\n")
        self.modules.append(module)
        return module


@pytest.fixture
def installer(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    found = Installer(tmp_path)
    yield found
    for name in found.modules:
        module = sys.modules.pop(name, None)
        if hasattr(module, "gate"):  # let the plugin that hangs go
            module.gate.set()


def record(host, name):
    return next(each for each in host.plugins() if each.name == name)


BAD = {
    "import error": ("import there_is_no_such_module", "there_is_no_such_module"),
    "syntax error": ("def broken(:", "SyntaxError"),
    "system exit": ("raise SystemExit(3)", "SystemExit"),
    "base exception": (
        "class Panic(BaseException): ...\nraise Panic('the core is gone')",
        "the core is gone",
    ),
    "wrong api version": ("api_version = 99", "needs version 99"),
    "wrong signature": (
        "from octavo.api import hookimpl\n@hookimpl\ndef quantizers(config):\n    return []",
        "quantizers",
    ),
    "unknown hook": (
        "from octavo.api import hookimpl\n@hookimpl\ndef quantisers():\n    return []",
        "quantisers",
    ),
    "raises in quantizers": (
        "from octavo.api import hookimpl\n@hookimpl\ndef quantizers():\n    raise ValueError('not today')",
        "not today",
    ),
    "raises in formats": (
        "from octavo.api import hookimpl\n@hookimpl\ndef formats():\n    raise SystemExit",
        "its hook formats",
    ),
    "raises in backends": (
        "from octavo.api import hookimpl\n@hookimpl\ndef backends():\n    1 / 0",
        "division by zero",
    ),
    "returns no list": (
        "from octavo.api import hookimpl\n@hookimpl\ndef quantizers():\n    return 'Q4'",
        "did not return a list",
    ),
    "returns no quantizer": (
        "from octavo.api import hookimpl\n@hookimpl\ndef quantizers():\n    return [object()]",
        "is no quantizer",
    ),
    "offers a taken name": (GOOD.replace('"HALF"', '"q8_0"'), "already offered by q8_0"),
    "offers a name twice": (GOOD.replace("[Half()]", "[Half(), Half()]"), "already offered"),
    "hangs": ("import threading\ngate = threading.Event()\ngate.wait(60)", "took more than 0.05 s"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_plugin_is_shown_with_its_error_and_stops_nothing(kind, installer):
    source, said = BAD[kind]
    installer.install("bad", source)
    installer.install("good", GOOD)

    allowed = 0.05 if kind == "hangs" else 10
    host = PluginHost({"bad", "good"}, seconds_allowed=allowed)

    assert said in record(host, "bad").error
    assert record(host, "bad").error.startswith("bad: ")
    assert record(host, "bad").quantizers == ()
    assert {"Q8_0", "Q4_K_M", "HALF"} < {each.name for each in host.quantizers()}
    assert record(host, "good").error == ""
    assert host.memory_pools()


def test_what_a_plugin_prints_does_not_reach_standard_output(installer, capsys):
    installer.install("chatty", "print('buy now')\n" + POOLS)

    assert record(PluginHost({"chatty"}), "chatty").error == ""

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "buy now" in printed.err


def test_the_working_folder_is_put_back(installer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    installer.install("wanderer", "import os\nos.chdir('/')")

    PluginHost({"wanderer"}).load()

    assert Path.cwd() == tmp_path


def test_a_plugin_that_removes_the_working_folder_leaves_a_valid_one(installer, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    installer.install("remover", "import os\nos.rmdir(os.getcwd())")

    PluginHost({"remover"}).load()

    assert Path.cwd().is_dir()


def test_a_working_folder_that_was_gone_before_is_not_exchanged_for_another(installer, tmp_path, monkeypatch):
    installer.install("innocent", "")
    monkeypatch.chdir(tmp_path)  # so that the test's end has a folder to go back to
    (tmp_path / "here").mkdir()
    os.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()

    PluginHost({"innocent"}).load()

    with pytest.raises(
        FileNotFoundError
    ):  # else what is written next would lie in a folder that nobody named
        Path.cwd()


def test_two_plugins_of_one_name_are_told_apart(installer):
    installer.install("one", GOOD, point="same")
    installer.install("two", GOOD, point="same")

    records = [each for each in PluginHost({"same"}).plugins() if each.name == "same"]

    assert [bool(each.error) for each in records] == [False, True]
    assert "same name" in records[1].error


def test_a_third_party_plugin_is_not_even_imported_until_switched_on(installer):
    module = installer.install("stranger", GOOD)

    host = PluginHost()

    assert record(host, "stranger").enabled is False
    assert record(host, "stranger").version == "2.5"
    assert module not in sys.modules
    assert "HALF" not in [each.name for each in host.quantizers()]


def test_a_third_party_plugin_cannot_take_a_shipped_one_s_place(installer):
    module = installer.install("impostor", GOOD, point="q8_0")

    records = [each for each in PluginHost({"q8_0"}).plugins() if each.name == "q8_0"]

    assert [each.distribution for each in records] == ["octavo", "impostor"]
    assert records[1].error
    assert module not in sys.modules


def test_safe_mode_loads_nothing_but_what_is_built_in(installer):
    installer.install("good", GOOD)

    host = PluginHost({"good"}, safe_mode=True)

    assert host.quantizers() == []
    assert not any(each.enabled for each in host.plugins())
    assert host.memory_pools()[0].kind == "ram"
    assert [each.name for each in host.formats()] == ["GGUF", "Hugging Face"]


def test_the_shipped_plugins_work_without_being_switched_on():
    host = PluginHost()

    assert {each.name: each.is_shipped for each in host.plugins()}["q8_0"]
    assert host.quantizer("q4_k_m").name == "Q4_K_M"


def test_plugins_can_be_loaded_one_after_the_other():
    host, n_steps = PluginHost(), 0
    while not host.is_loaded:
        host.load_next()
        n_steps += 1

    assert [each.name for each in host.plugins()] == [each.name for each in PluginHost().plugins()]
    assert n_steps == 2 + len(host.plugins())


def test_a_question_before_all_are_loaded_loads_the_rest():
    host = PluginHost()
    host.load_next()

    assert host.quantizer("Q8_0").name == "Q8_0"
    assert host.is_loaded


def test_an_unknown_quantizer_is_refused_with_the_nearest_name():
    with pytest.raises(OctavoError, match=r"Did you mean Q4_K_M\? There are: .*Q8_0"):
        PluginHost().quantizer("q4km")


def test_containers_and_backends_that_nothing_uses_yet_are_counted(installer):
    installer.install(
        "opener",
        """
        from octavo.api import hookimpl

        class Any:
            pass

        @hookimpl
        def formats():
            return [Any(), Any()]

        @hookimpl
        def backends():
            return [Any()]
        """,
    )

    found = record(PluginHost(enabled={"opener"}), "opener")

    assert (found.n_formats, found.n_backends, found.error) == (2, 1, "")


def test_a_plugin_can_add_a_memory(installer):
    installer.install("pools", POOLS)

    assert PluginHost({"pools"}).memory_pools()[-1].name == "Far away"


def test_a_hook_that_fails_three_times_is_asked_no_more(installer):
    module = installer.install(
        "moody",
        """
        from octavo.api import hookimpl
        asked = []

        @hookimpl
        def memory_pools():
            asked.append(1)
            raise RuntimeError("asleep")
        """,
    )
    host = PluginHost({"moody"})

    answers = [len(host.memory_pools()) for _ in range(5)]

    assert len(sys.modules[module].asked) == 3
    assert set(answers) == {len(PluginHost().memory_pools())}
    assert "asleep" in record(host, "moody").error


MATRIX = TensorInfo("blk.0.ffn_up.weight", (4, 64), block_type("F32"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise KeyError('scale')", "planning HALF"),
        ("raise SystemExit", "planning HALF"),
        ("return {}", "is no Plan"),
        ("return Plan({})", "does not match the model's tensors"),
        ("return Plan({t.name: block_type('Q4_K') for t in tensors})", "do not fit"),
        ("return Plan({t.name: 'Q8_0' for t in tensors})", "unknown type"),
    ],
)
def test_a_wrong_plan_is_the_plugin_s_failure(installer, body, said):
    source = GOOD.replace('return Plan({t.name: block_type("F16") for t in tensors})', body)
    installer.install("planner", source)

    with pytest.raises(PluginFailed, match=said):
        PluginHost({"planner"}).quantizer("half").plan([MATRIX], None)


@pytest.mark.parametrize("body", ["raise IndexError", "raise SystemExit", "return weights", "return None"])
def test_wrong_bytes_are_the_plugin_s_failure(installer, body):
    installer.install("encoder", GOOD.replace('return weights.astype("float16").view("uint8")', body))

    with pytest.raises(PluginFailed, match="encoder: "):
        PluginHost({"encoder"}).quantizer("half").encode(
            np.ones((4, 64), np.float32), block_type("F16"), None
        )

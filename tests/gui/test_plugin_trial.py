"""Plugins of others are loaded by a child before the window loads them."""

import sys
import textwrap

import pytest

from octavo.gui.plugin_trial import PluginTrial
from octavo.gui.widgets.plugin_row import PluginRow
from octavo.plugin.host import PluginHost
from octavo.store.settings import load_settings

# What a child does with the name that it is given; the real one is tried in tests/worker.
CHILD = """
import json, os, signal, sys, time
name = sys.argv[1]
if name == "leaves": os._exit(0)
if name == "crashes": os.kill(os.getpid(), signal.SIGSEGV)
if name == "hangs": time.sleep(60)
print(json.dumps({"name": name, "error": "poor: it failed" if name == "poor" else ""}))
"""


@pytest.fixture
def trial(qtbot):
    made = PluginTrial(command=[sys.executable, "-c", CHILD])
    yield made
    made.stop()


def test_what_ends_its_child_is_named_and_the_others_are_tried_all_the_same(trial, qtbot):
    with qtbot.waitSignal(trial.ended) as heard:
        trial.start(["good", "leaves", "poor", "crashes"])

    refused, deadly = heard.args
    assert deadly == ["leaves", "crashes"]
    assert set(refused) == {"leaves", "poor", "crashes"}
    assert refused["leaves"] == "leaves: it ended the program that loaded it, and was switched off."
    assert refused["poor"] == "poor: it failed"


def test_one_that_does_not_come_back_is_given_up(trial, qtbot):
    trial._patience.setInterval(50)

    with qtbot.waitSignal(trial.ended) as heard:
        trial.start(["hangs"])

    assert heard.args[1] == ["hangs"]


def test_without_plugins_of_others_no_child_is_started(trial, qtbot):
    with qtbot.waitSignal(trial.ended, timeout=0) as heard:
        trial.start([])

    assert heard.args == [{}, []]


def test_the_window_loads_others_only_after_the_trial_and_switches_deadly_ones_off(
    joined, qtbot, monkeypatch, tmp_path
):
    installed(monkeypatch, tmp_path, "leaves", "import os; os._exit(3)")
    workspace = joined.workspace
    workspace._trial._command = [sys.executable, "-c", CHILD]

    with qtbot.waitSignal(workspace.plugins_ended) as heard:
        workspace.switch_plugin("leaves", True)

    assert "leaves: it ended the program" in heard.args[0]
    assert workspace.settings.enabled_plugins == load_settings().enabled_plugins == ()
    (record,) = [each for each in workspace.host.plugins() if each.name == "leaves"]
    assert record.error == heard.args[0]
    joined.window.show_named("Plugins")
    qtbot.waitUntil(lambda: not joined.plugins._next.isActive())
    shown = {each._name: each for each in joined.plugins.findChildren(PluginRow)}
    assert shown["leaves"]._about.text() == record.error


def test_a_refused_plugin_is_not_imported(monkeypatch, tmp_path):
    installed(monkeypatch, tmp_path, "poor", "raise AssertionError('imported')")

    host = PluginHost(["poor"], refused={"poor": "poor: it failed before"})

    (record,) = [each for each in host.plugins() if each.name == "poor"]
    assert record.error == "poor: it failed before"


def installed(monkeypatch, folder, name, source):
    module = f"strange_{name}"
    (folder / f"{module}.py").write_text(textwrap.dedent(source))
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[octavo]\n{name} = {module}\n")
    monkeypatch.syspath_prepend(str(folder))

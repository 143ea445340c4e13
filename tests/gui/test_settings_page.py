import pytest
from PySide6.QtWidgets import QApplication

from octavo.engine.folders import config_folder
from octavo.gui.inspector import Inspector
from octavo.gui.pages.settings import SettingsPage
from octavo.gui.theme.apply import apply_theme, tokens_for
from octavo.gui.theme.tokens import DARK, LIGHT, colour
from octavo.gui.widgets.label import Label
from octavo.gui.workspace import Workspace
from octavo.plugin.host import PluginHost
from octavo.store.settings import load_settings


@pytest.fixture
def page(joined):
    joined.window.show_named("Settings")
    return joined.settings


def test_a_theme_is_saved_and_asked_for(page, qtbot):
    with qtbot.waitSignal(page.theme_chosen) as caught:
        page._theme._buttons["dark"].click()

    assert caught.args == ["dark"]
    assert load_settings().theme == "dark"


def test_settings_that_cannot_be_written_hold_all_the_same(page, joined, qtbot):
    file = config_folder() / "settings.json"
    file.unlink(missing_ok=True)
    file.mkdir()

    with qtbot.waitSignal(page.theme_chosen):
        page._theme._buttons["dark"].click()

    assert joined.workspace.settings.theme == "dark"
    assert "could not be written (is a directory)" in joined.window.navigation._news.text()


def test_a_system_that_does_not_say_is_light(qapp):
    assert tokens_for("system") is LIGHT


def test_painters_follow_the_theme(qapp):
    try:
        apply_theme(qapp, "dark")
        assert colour("accent").name().upper() == DARK.accent
    finally:
        apply_theme(qapp, "light")
    assert colour("accent").name().upper() == LIGHT.accent


def test_switching_the_theme_recolours_a_window_that_is_open(qapp, joined):
    before = joined.window.grab().toImage().pixelColor(5, 400).name().upper()
    try:
        joined.window.wear(apply_theme(qapp, "dark"))
        QApplication.processEvents()
        after = joined.window.grab().toImage().pixelColor(5, 400).name().upper()
    finally:
        apply_theme(qapp, "light")

    assert (before, after) == (LIGHT.nav, DARK.nav)


def test_engine_defaults_are_saved(page):
    page._context.choose(4096)
    page._kv._buttons["q8_0"].click()

    kept = load_settings()
    assert kept.kv_type == "q8_0"
    assert 3800 <= kept.context_tokens <= 4096


def test_a_folder_of_models_is_remembered_once(page, tmp_path):
    page._take_folder(str(tmp_path))
    page._take_folder(str(tmp_path))

    assert load_settings().model_folders == (str(tmp_path),)


def test_every_choice_holds_after_a_restart(page, joined, qtbot, tmp_path):
    page._theme._buttons["dark"].click()
    page._context.choose(4096)
    page._threads.chosen.emit(1)
    page._kv._buttons["q8_0"].click()
    joined.workspace.change_settings(output_folder=str(tmp_path))

    again = Workspace(load_settings(), PluginHost(), Inspector())
    shown = SettingsPage(again)
    qtbot.addWidget(shown)

    assert (shown._theme.value, shown._kv.value) == ("dark", "q8_0")
    assert again.n_threads == 1
    assert again.settings.context_tokens == load_settings().context_tokens > 3800
    assert str(tmp_path) in {label.text() for label in shown.findChildren(Label)}
    again.close()

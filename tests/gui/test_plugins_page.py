import pytest

from octavo.gui.widgets.plugin_row import PluginRow
from octavo.gui.widgets.switch import Switch
from octavo.plugin.host import PluginHost, PluginRecord
from octavo.store.settings import Settings, load_settings, save_settings

BROKEN = "tessera: it is made for version 2 of the plugin interface; this is version 1.\nTraceback: line 3"


class WithStrangers(PluginHost):
    """A host that also found a broken plugin and one that is off."""

    def plugins(self):
        return [
            *super().plugins(),
            PluginRecord("nf4", "0.3.1", enabled=True, error=BROKEN, distribution="tessera-nf4"),
            PluginRecord("other", "1.0", enabled=False, distribution="other-quant"),
            PluginRecord("opener", "1.0", enabled=True, distribution="opener", n_formats=1),
        ]


@pytest.fixture
def page(joined, qtbot):
    joined.workspace.host = WithStrangers()
    joined.workspace.host.memory_pools = list
    joined.window.show_named("Plugins")
    joined.workspace.load_plugins()
    qtbot.waitUntil(lambda: not joined.plugins._next.isActive())
    return joined.plugins


def row(page, name):
    return next(each for each in page.findChildren(PluginRow) if each._name == name)


def test_shipped_plugins_are_listed_and_always_on(page):
    shown = row(page, "Q4_K_M")

    assert shown._maker.text() == "Built in"
    assert not shown.findChild(Switch).isVisible()


def test_a_broken_plugin_says_why(page):
    shown = row(page, "nf4")

    assert "version 2" in shown._about.text()
    assert not shown.findChild(Switch).isChecked()
    shown._details_button.click()
    assert "Traceback" in shown._details.toPlainText()


def test_a_plugin_whose_container_nothing_uses_says_so(page):
    assert row(page, "opener")._about.text().startswith("Adds 1 container, which Octavo does not use yet")


def test_a_strangers_plugin_is_off_until_it_is_switched_on(joined, page):
    switch = row(page, "other").findChild(Switch)
    assert not switch.isChecked()

    switch.click()

    assert joined.workspace.settings.enabled_plugins == ("other",)


def test_what_the_command_line_switched_on_meanwhile_stays_on(joined, page):
    save_settings(Settings(enabled_plugins=("zeal",)))

    row(page, "other").findChild(Switch).click()
    joined.workspace.change_settings(theme="dark")

    assert load_settings().enabled_plugins == ("zeal", "other")


def test_what_the_command_line_switched_off_meanwhile_stays_off(joined, page):
    joined.workspace.change_settings(enabled_plugins=("zeal",))
    save_settings(Settings())

    row(page, "other").findChild(Switch).click()

    assert load_settings().enabled_plugins == joined.workspace.settings.enabled_plugins == ("other",)


def test_switches_add_up_where_settings_cannot_be_written(joined, monkeypatch):
    def refuse(*_, **__):
        raise OSError("full")

    monkeypatch.setattr("octavo.gui.workspace.save_settings", refuse)
    for name in ("one", "other"):
        joined.workspace.switch_plugin(name, is_on=True)

    assert joined.workspace.settings.enabled_plugins == ("one", "other")


def test_tabs_narrow_the_list(page):
    tabs = {button.text().split()[0]: button for button in page._tabs.buttons()}

    tabs["Engines"].click()

    assert [each._name for each in page.findChildren(PluginRow) if each.isVisible()] == ["Numba CPU"]

import pytest

from octavo.plugin.host import PluginHost
from octavo.plugin.record import PluginRecord


@pytest.mark.parametrize(
    ("adds", "note"),
    [
        ({}, ""),
        ({"n_formats": 2, "n_backends": 1, "error": "broken"}, ""),
        ({"n_formats": 2, "is_shipped": True}, ""),
        (
            {"n_formats": 2, "n_backends": 1},
            "Adds 2 containers and 1 backend, which Octavo does not use yet: it opens and runs models itself.",
        ),
        (
            {"n_formats": 1},
            "Adds 1 container, which Octavo does not use yet: it opens and runs models itself.",
        ),
    ],
)
def test_what_a_plugin_adds_in_vain_is_said(adds, note):
    assert PluginRecord("theirs", "1.0", enabled=True, **adds).note == note


def test_the_shipped_plugins_add_nothing_in_vain():
    assert not any(each.note for each in PluginHost().plugins())

import pytest

from octavo.gui.pages.open_link import shown_target


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("https://аpple.com/", "https://xn--pple-43d.com/"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("file:///etc/passwd", ""),
        ("javascript:alert(1)", ""),
        ("//host/share", ""),
    ],
)
def test_a_link_is_shown_as_it_leads_or_not_opened_at_all(target, shown):
    assert shown_target(target) == shown

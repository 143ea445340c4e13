from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from octavo.gui.theme.dresser import Dresser

SHEET = "QLabel { color: #123456; }"


def parts(qtbot):
    stack = QStackedWidget()
    for text in ("one", "two", "three"):
        stack.addWidget(QLabel(text))
    qtbot.addWidget(stack)
    stack.show()
    return stack, [stack.widget(number) for number in range(3)]


def test_what_is_on_view_is_dressed_at_once_and_the_rest_soon(qtbot):
    _, (shown, *hidden) = parts(qtbot)
    dresser = Dresser([shown, *hidden])

    dresser.wear(SHEET)

    assert shown.styleSheet() == SHEET
    assert [each.styleSheet() for each in hidden] == ["", ""]
    qtbot.waitUntil(lambda: all(each.styleSheet() == SHEET for each in hidden))


def test_a_part_that_is_about_to_be_seen_does_not_wait(qtbot):
    _, (shown, hidden, other) = parts(qtbot)
    dresser = Dresser([shown, hidden, other])
    dresser.wear(SHEET)

    dresser.finish(hidden)

    assert (hidden.styleSheet(), other.styleSheet()) == (SHEET, "")


def test_a_stranger_is_left_alone(qtbot):
    stranger = QWidget()
    qtbot.addWidget(stranger)

    Dresser([]).finish(stranger)

    assert stranger.styleSheet() == ""

import pytest
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication

from octavo.gui.markdown.parser import parse
from octavo.gui.markdown.stream import MarkdownStream
from octavo.gui.theme.apply import apply_theme
from octavo.gui.theme.tokens import DARK, LIGHT
from octavo.gui.widgets.answer_view import AnswerView
from octavo.gui.widgets.code_card import CodeCard, CodeView
from octavo.gui.widgets.prose_view import ProseView

ANSWER = """First **bold** words.

1. one
2. two
   - nested

```python
def f(x):  # comment
    return 1
```

| a | b |
|---|--:|
| 1 | 2 |

> quoted

---

Last [link](https://example.org) words.
"""


@pytest.fixture
def view(qtbot):
    made = AnswerView()
    qtbot.addWidget(made)
    made.resize(600, 400)
    return made


def texts(view):
    return [each.toPlainText() for each in view.findChildren(ProseView) + view.findChildren(CodeView)]


def html(view):
    return [each.toHtml() for each in view.findChildren(ProseView) + view.findChildren(CodeView)]


def test_streaming_draws_what_drawing_at_once_draws(qtbot, view):
    whole = AnswerView()
    qtbot.addWidget(whole)
    whole.show_pieces(parse(ANSWER).pieces, is_end=True)

    stream = MarkdownStream()
    for start in range(0, len(ANSWER), 3):
        stream.feed(ANSWER[start : start + 3])
        stream.step()
        view.show_pieces(stream.pieces, is_end=False)
    stream.step(is_end=True)
    view.show_pieces(stream.pieces, is_end=True)

    assert texts(view) == texts(whole)
    assert html(view) == html(whole)


def test_nothing_is_ever_loaded(view, monkeypatch):
    asked = []
    monkeypatch.setattr(ProseView, "loadResource", lambda *arguments: asked.append(arguments) or "")
    source = (
        "![a](file:///etc/passwd) ![b](http://h/x.png) ![c](//h/s.png) ![d](qrc:/x.png) ![e](data:image/png;base64,x)"
        " <img src='file:///etc/passwd'> <link href='qrc:/x.css'>"
    )

    view.show_pieces(parse(source).pieces, is_end=True)
    view.grab()

    assert asked == []


def test_loading_gives_nothing_if_it_is_reached_after_all(view):
    view.show_pieces(parse("text").pieces, is_end=True)
    (prose,) = view.findChildren(ProseView)

    assert prose.loadResource(2, "file:///etc/passwd") == ""
    assert not prose.openLinks()
    assert not prose.openExternalLinks()


def colours_in(document):
    cursor, found = QTextCursor(document), set()
    while not cursor.atEnd():
        cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
        found.add(cursor.charFormat().foreground().color().name().upper())
    return found


def test_code_is_coloured_when_it_is_closed_and_again_in_another_theme(qapp, qtbot, view):
    view.show_pieces(parse("```python\ndef f(): return 1\n```").pieces, is_end=True)
    (code,) = view.findChildren(CodeView)
    qtbot.waitUntil(lambda: LIGHT.code_keyword in colours_in(code.document()))

    try:
        apply_theme(qapp, "dark")
        QApplication.processEvents()
        qtbot.waitUntil(lambda: DARK.code_keyword in colours_in(code.document()))
    finally:
        apply_theme(qapp, "light")


def test_copying_code_takes_the_code_and_nothing_else(view):
    view.show_pieces(parse("```sh\necho 1\necho 2\n```").pieces, is_end=True)
    (card,) = view.findChildren(CodeCard)

    card.copy_code()

    assert QApplication.clipboard().text() == "echo 1\necho 2"


def test_height_follows_the_text(qtbot, view):
    view.show()
    view.show_pieces(parse("one line").pieces, is_end=True)
    (prose,) = view.findChildren(ProseView)
    qtbot.waitUntil(lambda: prose.height() < 40)

    view.show_pieces(parse("many words " * 200).pieces, is_end=True)

    qtbot.waitUntil(lambda: prose.height() > 200)

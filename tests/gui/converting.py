"""The Convert page on the fake engine, and what tests do with it."""

from octavo.gui.widgets.format_row import FormatRow
from octavo.gui.widgets.question_dialog import QuestionDialog


def format_row(page, name):
    return next(each for each in page.findChildren(FormatRow) if each.name == name)


def card(page, kind):
    """The card of that kind that is on view."""
    found = [each for each in page.jobs.findChildren(kind) if each.isVisible()]
    return found[0] if found else None


def wait_for(qtbot, page, kind):
    qtbot.waitUntil(lambda: card(page, kind) is not None)
    return card(page, kind)


def formats_of(jobs):
    return [each.quantizer for job in jobs for each in job.request.copies]


def call_it(panel, name):
    panel.name.setText(name)
    panel.name.textEdited.emit(name)


def facts_of(panel):
    return [(name.text(), value.text()) for name, value in panel._facts._labels]


def leave_something(folder, name):
    """What a killed conversion leaves."""
    (folder / f"{name}.partial").write_bytes(bytes(4096))
    (folder / f"{name}.journal").write_bytes(b"")
    return folder / name


def question_of(joined):
    found = [each for each in joined.window.findChildren(QuestionDialog) if each.isVisible()]
    return found[0] if found else None

"""The Chat page on the fake engine, and what tests do with it."""

SMALL = "/models/small.gguf"


def chat_with_small(joined, qtbot):
    """The page, its model loaded."""
    joined.window.show_named("Chat")
    with qtbot.waitSignal(joined.desk.state_changed, check_params_cb=lambda: joined.desk.state == "ready"):
        joined.chat.panel.chat_with(SMALL)
    return joined.chat


def ask(joined, qtbot, text):
    with qtbot.waitSignal(joined.desk.answered):
        joined.chat.panel.composer.sent.emit(text)


def said(joined):
    return [each.text for each in joined.conversation.branch]

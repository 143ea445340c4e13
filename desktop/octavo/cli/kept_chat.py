"""A conversation of the command line, written down as it goes: it stands among the chats of the window."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from octavo.cli.output import print_note
from octavo.engine.errors import OctavoError
from octavo.store.chat_records import title_of

if TYPE_CHECKING:
    from octavo.store.chat_records import ChatMessage
    from octavo.store.chats import ChatStore
    from octavo.worker.protocol import Replied

_SECONDS_BETWEEN_WRITES = 1.5


class KeptChat:
    """What was said so far, and its place in the store.

    A question is on the disk before it is answered, an answer every two seconds and at its end. What cannot
    be written is told once, and the conversation goes on.

    Parameters
    ----------
    store : ChatStore or None
        None keeps nothing.
    model_path : str
        The model that answers.
    system : str
        What the model is told first.

    Attributes
    ----------
    messages : list of {"role": str, "content": str}
        As the model's template takes them, the system prompt first.
    number : int or None
        The chat's number; None while nothing is kept.
    """

    def __init__(self, store: ChatStore | None, model_path: str, system: str = "") -> None:
        self._store = store
        self._model_path = model_path
        self._system = system
        self.messages = [{"role": "system", "content": system}] if system else []
        self.number: int | None = None
        self._leaf: int | None = None
        self._answer: ChatMessage | None = None
        self._text = ""
        self._written = 0.0

    def take_up(self, store: ChatStore, number: int) -> None:
        """Go on with a chat of ``store``, on the branch that was on view last.

        Its system prompt counts unless one is given. A question that nobody answered is left where it is: what is
        asked next becomes its sibling.
        """
        chat = store.chat(number)
        if chat is None:
            raise OctavoError(f"There is no chat {number}.", "octavo chats list shows all.")
        if chat.deleted is not None:
            raise OctavoError(
                f"Chat {number} is in the trash.", f"octavo chats delete {number} --restore brings it back."
            )
        if chat.system_prompt and not self._system:
            self._system = chat.system_prompt
            self.messages = [{"role": "system", "content": chat.system_prompt}]
        branch = store.tree(number).path(chat.leaf_id)
        while branch and (branch[-1].role == "user" or not branch[-1].text):
            del branch[-1]
        self.messages += [{"role": each.role, "content": each.text} for each in branch]
        self._leaf = branch[-1].id if branch else None
        self.number = number if self._store is not None else None

    def ask(self, question: str) -> None:
        """Write down a question, and keep a place for its answer."""
        self.messages.append({"role": "user", "content": question})
        self._text, self._written = "", time.monotonic()
        if self._store is None:
            return
        try:
            if self.number is None:
                self.number = self._store.new_chat(title_of(question), self._model_path, self._system).id
            else:
                self._store.change_chat(self.number, model_path=self._model_path, system_prompt=self._system)
            asked = self._store.add_message(self.number, "user", question, parent_id=self._leaf)
            self._answer = self._store.add_message(self.number, "assistant", "", parent_id=asked.id)
        except OctavoError as error:
            self._give_up(error)

    def grow(self, text: str) -> None:
        """Take more of the answer; it is written within two seconds."""
        self._text += text
        if time.monotonic() - self._written > _SECONDS_BETWEEN_WRITES:
            self._written = time.monotonic()
            self._write()

    def end(self, replied: Replied) -> None:
        """Write the whole answer with its figures."""
        self.messages.append({"role": "assistant", "content": replied.text})
        self._text = replied.text
        if self._answer is not None:
            self._answer = replace(self._answer, finish=replied.finish, stats=replied.stats())
        self._write()
        self._leaf = self._answer.id if self._answer else None

    def break_off(self) -> None:
        """Note that the answer was broken off where it is."""
        if self._answer is not None:
            self._answer = replace(self._answer, finish="cancelled")
            self._write()

    def _write(self) -> None:
        if self._store is None or self._answer is None:
            return
        answer = self._answer
        try:
            self._store.change_message(
                answer.id, text=self._text, finish=answer.finish or None, stats=answer.stats or None
            )
        except OctavoError as error:
            self._give_up(error)

    def _give_up(self, error: OctavoError) -> None:
        """Keep no more: a full disk must not end the conversation."""
        self._store = self._answer = None
        print_note(f"octavo: {error} The conversation goes on, but is not kept.")

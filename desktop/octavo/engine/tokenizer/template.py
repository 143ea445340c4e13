"""From a conversation to the text, and the tokens, that a model was trained to see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from octavo.engine.errors import OctavoError
from octavo.engine.tokenizer.builtin_templates import builtin_template
from octavo.engine.tokenizer.inert import InertMarks
from octavo.engine.tokenizer.renderer import ConversationRefused, Renderer
from octavo.engine.tokenizer.source import TokenizerSource, list_field, text_field
from octavo.engine.tokenizer.tokenizer import Tokenizer

Message = Mapping[str, str]
_Conversation = list[dict[str, object]]
_ROLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")


@dataclass(frozen=True)
class ChatTemplate:
    """A template, and where it comes from.

    Parameters
    ----------
    source : str
        Jinja source.
    note : str
        One sentence if it is not the model's own, else empty.
    """

    source: str
    note: str = ""


def chat_template(checkpoint: TokenizerSource) -> ChatTemplate:
    """The model's own template, or the built-in one that fits its vocabulary."""
    own = text_field(checkpoint, "tokenizer.chat_template")
    if own:
        return ChatTemplate(own)
    name, source = _built_in(checkpoint)
    return ChatTemplate(source, f"The model brings no chat template; the built-in {name} format is used.")


def built_in_source(checkpoint: TokenizerSource) -> str:
    """The source of the built-in template that fits the model's vocabulary."""
    return _built_in(checkpoint)[1]


def _built_in(checkpoint: TokenizerSource) -> tuple[str, str]:
    """Its name and source."""
    tokens = list_field(checkpoint, "tokenizer.ggml.tokens", str)
    return builtin_template(tokens, text_field(checkpoint, "general.architecture"))


def template_source(checkpoint: TokenizerSource) -> str:
    """The source of ``chat_template(checkpoint)``."""
    return chat_template(checkpoint).source


def render(
    source: str,
    messages: Sequence[Message],
    *,
    bos: str,
    eos: str,
    add_generation_prompt: bool = True,
    renderer: Renderer | None = None,
) -> str:
    """The prompt's text.

    Parameters
    ----------
    source : str
        Jinja source.
    messages : sequence of {"role": ..., "content": ...}
        Oldest first.
    bos, eos : str
        Texts of the tokens that begin and end a text; empty if the model has none.
    add_generation_prompt : bool
        End with the opening of the assistant's turn.
    renderer : Renderer, optional
        A process that is running already; else one is started for this call.
    """
    checked = [_checked(message) for message in messages]
    if renderer is None:
        with Renderer() as own:
            return render(
                source, messages, bos=bos, eos=eos, add_generation_prompt=add_generation_prompt, renderer=own
            )

    def attempt(conversation: _Conversation) -> str:
        return renderer.render(
            source,
            {
                "messages": conversation,
                "bos_token": bos,
                "eos_token": eos,
                "add_generation_prompt": add_generation_prompt,
                "tools": None,
                "documents": None,
            },
        )

    return _first_that_fits(attempt, checked)


def prompt_ids(
    checkpoint: TokenizerSource, tokenizer: Tokenizer, messages: Sequence[Message], *, template: str = ""
) -> list[int]:
    """The tokens of a conversation, up to the opening of the assistant's turn.

    Only the template's text is looked through for control tokens; what a message says is plain text. BOS stands
    in front once if the model wants it, whether the template writes it or not.

    Parameters
    ----------
    template : str
        Jinja source to use instead of the model's.
    """
    source = template or template_source(checkpoint)
    texts = [value for message in messages for key, value in message.items() if key != "role"]
    marks = InertMarks((found for text in texts for found in tokenizer.special_texts(text)), [source, *texts])
    hidden = [
        {key: value if key == "role" else marks.hide(value) for key, value in message.items()}
        for message in messages
    ]
    rendered = render(
        source,
        hidden,
        bos=_text(tokenizer, tokenizer.bos_id),
        eos=_text(tokenizer, tokenizer.eos_id),
        renderer=tokenizer.renderer,
    )
    parts = [
        part if isinstance(part, int) else marks.show(part) for part in tokenizer.special_parts(rendered)
    ]
    return _with_one_bos(parts, tokenizer)


def _with_one_bos(parts: list[str | int], tokenizer: Tokenizer) -> list[int]:
    bos = tokenizer.bos_id
    if bos is None:
        return tokenizer.encode_parts(parts)
    while parts[:2] == [bos, bos]:
        del parts[0]
    if tokenizer.add_bos and parts[:1] != [bos]:
        parts = [bos, *parts]
    return tokenizer.encode_parts(parts)


def _first_that_fits(attempt: Callable[[_Conversation], str], messages: list[dict[str, str]]) -> str:
    """Render the conversation in the first form in which the template takes it and loses none of it."""
    shown: str | None = None
    refusal: ConversationRefused | None = None
    for conversation in _forms(messages):
        try:
            text = attempt(conversation)
        except ConversationRefused as error:
            refusal = refusal or error
            continue
        if _keeps(text, messages):
            return text
        shown = text if shown is None else shown
    if shown is not None:
        return shown
    if refusal is None:
        raise OctavoError("There is no message to answer.")
    raise refusal


def _forms(messages: list[dict[str, str]]) -> Iterator[_Conversation]:
    """As it is; with the system text in the first user message; with contents as lists of typed parts."""
    yield [dict(message) for message in messages]
    merged = _system_merged(messages)
    if merged is not None:
        yield [dict(message) for message in merged]
    for form in (messages, merged):
        if form is not None:
            yield [{**message, "content": [{"type": "text", "text": message["content"]}]} for message in form]


def _system_merged(messages: list[dict[str, str]]) -> list[dict[str, str]] | None:
    if len(messages) < 2 or [each["role"] for each in messages[:2]] != ["system", "user"]:
        return None
    system, user, *rest = messages
    return [{**user, "content": f"{system['content']}\n\n{user['content']}"}, *rest]


def _keeps(text: str, messages: list[dict[str, str]]) -> bool:
    """Whether the system text and the last message came through; some templates drop what they do not know."""
    wanted = [message["content"] for message in messages if message["role"] == "system"]
    wanted += [message["content"] for message in messages[-1:]]
    return all(each.strip() in text for each in wanted)


def _checked(message: Message) -> dict[str, str]:
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or not _ROLE.fullmatch(role):
        raise OctavoError("Every message needs a role: system, user or assistant.")
    if not isinstance(content, str):
        raise OctavoError("Every message needs a content that is text.")
    return dict(message)


def _text(tokenizer: Tokenizer, token: int | None) -> str:
    return "" if token is None else tokenizer.token_text(token)

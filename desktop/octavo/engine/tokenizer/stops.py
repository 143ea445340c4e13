"""Which tokens end a reply."""

from __future__ import annotations

from collections.abc import Iterable, Set

from octavo.engine.tokenizer.vocabulary import CONTROL, USER_DEFINED, Vocabulary

# Texts that end a turn or a document in the models we know; llama.cpp keeps the same list
# (``src/llama-vocab.cpp``, special_eog_ids).
UNMISTAKABLE = frozenset(
    {
        "<|eot_id|>",
        "<|eom_id|>",
        "<|im_end|>",
        "<|end|>",
        "<|return|>",
        "<|call|>",
        "<|endoftext|>",
        "<|end_of_text|>",
        "<end_of_turn>",
        "<end_of_utterance>",
        "<｜end▁of▁sentence｜>",
        "<turn|>",
        "<|fim_pad|>",
        "<|fim_repo|>",
        "<|repo_name|>",
        "<|file_sep|>",
    }
)
# These end a text only where the model says that they are control tokens; Gemma's "</s>" is plain HTML.
IF_CONTROL = frozenset(
    {"</s>", "<eos>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<reponame>", "<fim_pad>", "<PAD>", "[PAD]"}
)


def mark_control_texts(texts: list[str], kinds: list[int]) -> None:
    """Make tokens that unmistakably end a turn control tokens, if the file forgot to say so."""
    for token, text in enumerate(texts):
        if kinds[token] == USER_DEFINED and text in UNMISTAKABLE:
            kinds[token] = CONTROL


def stop_ids(vocabulary: Vocabulary, named: Iterable[int | None]) -> frozenset[int]:
    """The ids that the metadata name (eos, eot, eom), and those whose text says it."""
    found = {token for token in named if token is not None}
    found |= _with_text(vocabulary, UNMISTAKABLE | IF_CONTROL)
    return frozenset(found)


def _with_text(vocabulary: Vocabulary, texts: Set[str]) -> set[int]:
    return {token for token in vocabulary.ids_of(CONTROL) if vocabulary.texts[token] in texts}

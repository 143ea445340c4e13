"""Answers of the fake engine: of one model, and of two that are compared."""

from __future__ import annotations

import os

import msgspec
from tests.gui.fake_pipe import die, send, wait_for_cancel

from octavo.worker.protocol import (
    Chat,
    Compare,
    ComparePiece,
    Done,
    Failed,
    Message,
    Piece,
    Progressed,
    Replied,
)


def chat(request: Chat) -> Message:
    """The question again, word by word; or what it asks for."""
    question = request.messages[-1]["content"]
    send(Progressed(id=request.id, stage="prefill", done=5, total=10))
    finish, words = "stop", question.split(" ")
    if question == "refuse" and not request.template:
        return Failed(id=request.id, kind="conversation_refused", message="The chat template refuses this.")
    if question == "die":
        die()
    if question == "rubbish":
        os.write(1, b"\xff\xff\xff\xff no frame")
        wait_for_cancel(heeds=False)
    if question in ("wait", "stubborn"):
        send(Piece(id=request.id, text="half an answer", n_tokens=3))
        wait_for_cancel(heeds=question == "wait")
        finish, words = "cancelled", []
    for number, word in enumerate(words):
        send(Piece(id=request.id, text=word if not number else f" {word}", n_tokens=number + 1))
    send(
        Replied(
            id=request.id,
            text=question,
            tokens=list(range(len(words))),
            prompt_tokens=10,
            reused_tokens=0,
            prefill_tokens_per_second=100.0,
            tokens_per_second=12.5,
            first_token_seconds=0.2,
            finish=finish,
            context_used=42,
            measured_rss_bytes=300_000_000,
            busy=0.5 if question.startswith("beside") else 0.0,
        )
    )
    return Done(id=request.id)


def compare(request: Compare) -> Message:
    """Two answers of three words that part at the second one; or what the prompt asks for."""
    from octavo.engine.measure.comparison import (
        Answer,
        Candidate,
        Comparison,
        FollowedToken,
        Following,
        Parting,
    )

    if request.prompt == "die":
        die()
    texts = ["It rains often", "It rains often" if request.prompt == "same" else "It snows today"]
    for number, text in enumerate(texts):
        send(ComparePiece(id=request.id, number=number, text=""))
        send(Progressed(id=request.id, stage="load", done=1, total=2))
        if request.prompt == "wait" and number:
            wait_for_cancel(heeds=True)
            return Failed(id=request.id, kind="cancelled", message="Stopped.")
        for n_tokens, word in enumerate(text.split(), start=1):
            send(
                ComparePiece(
                    id=request.id, number=number, text=f" {word}" if n_tokens > 1 else word, n_tokens=n_tokens
                )
            )
    if "huge" in request.prompt:
        return Failed(id=request.id, kind="not_enough_memory", message="The model needs 9 GB.")
    is_same = texts[0] == texts[1]
    answers = [
        Answer(
            model=path,
            name=path,
            type_name=type_name,
            file_bytes=1000,
            memory_bytes=2_000_000,
            text=text,
            tokens=[1, 2 if is_same else 2 + number, 4],
            finish="stop",
            same_characters=len(text) if is_same else 2,
            marked_characters=0 if is_same else 6,
            prompt_tokens=5,
            load_seconds=0.1,
            first_token_seconds=0.2,
            prefill_tokens_per_second=100.0,
            tokens_per_second=12.5,
        )
        for number, (path, type_name, text) in enumerate(
            zip((request.first, request.second), ("F16", "Q4_K_M"), texts, strict=True)
        )
    ]
    candidates = Candidate(2, " rains", False, 0.6, 0.3), Candidate(3, " snows", False, 0.2, 0.5)
    followed = [
        FollowedToken(2, 0.9, 0.8, "", 0.01),
        FollowedToken(8, 0.6, 0.3, " snows", 0.2),
        FollowedToken(14, 0.5, 0.4, " much", 0.1),
    ]
    found = Comparison(
        prompt=request.prompt,
        first=answers[0],
        second=answers[1],
        same_tokens=True,
        parting=None if is_same else Parting(1, *candidates),
        following=Following(1, 0.1, followed),
        were_together=True,
    )
    return Done(id=request.id, result=msgspec.to_builtins(found))

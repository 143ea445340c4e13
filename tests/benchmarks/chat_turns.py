"""How long the second turn of a chat waits for its first token, beside the first turn::

python tests/benchmarks/chat_turns.py MODEL [--tokens 2000]

Turns: the first question, a second one after its answer, an edit of the second one, the way back, and the same chat
after the engine was gone (from the file it left). Also: opening a chat of 1,000 messages from the store.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from client import EngineClient

from octavo.store.chats import ChatStore
from octavo.worker.protocol import Chat, CountTokens, Load, Replied, Unload

WORDS = "The river runs past the old mill, and in the evening the children count the boats. "


def replied(client: EngineClient, messages: list[dict[str, str]]) -> Replied:
    """The figures of an answer of at most 64 tokens."""
    found: list[Replied] = []
    request = Chat(messages=messages, sampling={"temperature": 0.0}, max_tokens=64, key="bench")
    client.ask(request, lambda event: found.append(event) if isinstance(event, Replied) else None)
    return found[0]


def show(name: str, reply: Replied, first: Replied) -> None:
    """One line about a turn."""
    share = reply.first_token_seconds / first.first_token_seconds
    print(
        f"{name:28} first token after {reply.first_token_seconds:6.3f} s ({share:6.1%} of the first turn),"
        f" reused {reply.reused_tokens:,} of {reply.prompt_tokens:,} tokens",
        flush=True,
    )


def long_question(client: EngineClient, n_tokens: int) -> list[dict[str, str]]:
    """A question of about ``n_tokens`` tokens."""
    n_one = client.ask(CountTokens(messages=[{"role": "user", "content": WORDS * 10}]))["tokens"]
    return [{"role": "user", "content": WORDS * round(10 * n_tokens / n_one) + "What do they count?"}]


def measure_turns(model: str, n_tokens: int) -> None:
    """Ask, go on, edit, come back, start again."""
    with EngineClient() as client:
        client.ask(Load(path=model, context_tokens=2 * n_tokens))
        warm = [{"role": "user", "content": "Hello"}]
        replied(client, warm)
        opening = long_question(client, n_tokens)
        first = replied(client, opening)
        show("first turn", first, first)
        talk = [*opening, {"role": "assistant", "content": first.text}]
        second = [*talk, {"role": "user", "content": "And who rows the boats?"}]
        show("second turn", replied(client, second), first)
        show("edited second turn", replied(client, [*talk, {"role": "user", "content": "Why then?"}]), first)
        show("back to the branch", replied(client, second), first)
        client.ask(Unload())
        client.ask(Load(path=model, context_tokens=2 * n_tokens))
        started = time.perf_counter()
        show("after the engine was gone", again := replied(client, second), first)
        read_back = time.perf_counter() - started - again.first_token_seconds
        print(f"{'':28} the file read back and the answer written in {read_back:.2f} s more")


def measure_opening(n_messages: int = 1000) -> None:
    """Open a long chat from the store."""
    with tempfile.TemporaryDirectory() as folder, ChatStore(Path(folder) / "chats.sqlite") as store:
        chat, parent = store.new_chat("Long"), None
        with store.all_or_nothing():
            for number in range(n_messages):
                role = "assistant" if number % 2 else "user"
                parent = store.add_message(chat.id, role, WORDS * 15, parent_id=parent, stats={"n": 1}).id
        taken = []
        for _ in range(20):
            started = time.perf_counter()
            path = store.tree(chat.id).path(parent)
            taken.append(1000 * (time.perf_counter() - started))
            assert len(path) == n_messages
        started = time.perf_counter()
        store.search.find("mill boat")
        searched = 1000 * (time.perf_counter() - started)
        print(
            f"{n_messages:,} messages opened in {statistics.median(taken):.1f} ms (longest of 20: "
            f"{max(taken):.1f}), searched in {searched:.1f} ms"
        )


def main() -> None:
    """Measure turns and opening, in a home of their own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--tokens", type=int, default=2000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["OCTAVO_HOME"] = home
        measure_turns(arguments.model, arguments.tokens)
        measure_opening()


if __name__ == "__main__":
    main()

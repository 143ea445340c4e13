"""Kill a writing window and its engine at random moments, and look at what is left of the chats::

python tests/benchmarks/chat_kill.py --kills 50

Each time a process like the window (its conversation, its engine's child, its store, no widgets) asks and is
answered, and tells what was acknowledged: a question whose ``add_question`` returned, a character of an answer that was
shown. Then it, or its engine, or both are killed. What counts: corrupt databases, acknowledged questions that are
gone, seconds of shown answer that are gone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ALLOWED_SECONDS = 2.0


def write_like_the_window(model: str) -> None:
    """Ask and be answered until killed; what is acknowledged goes to standard output, a line each."""
    from PySide6.QtCore import QCoreApplication, QTimer

    from octavo.gui.chat_desk import ChatDesk, Question
    from octavo.gui.conversation import Conversation
    from octavo.store.chats import ChatStore
    from octavo.worker.protocol import Load

    application = QCoreApplication([])
    desk, talk = ChatDesk(), Conversation(ChatStore())
    n_asked = 0

    def tell(**facts: object) -> None:
        os.write(1, (json.dumps({"at": time.time(), **facts}) + "\n").encode())

    def ask() -> None:
        nonlocal n_asked
        n_asked += 1
        if n_asked % 4 == 0:
            talk.begin_new()
        text = f"Question {n_asked} of {os.getpid()}: tell me a long story."
        asked = talk.add_question(text, model, "")
        tell(asked=asked.id, text=text)
        answer = talk.begin_answer()
        tell(answer=answer.id, n=0)
        said = talk.messages_for_engine("")
        sampling = {"temperature": 1.5, "min_p": 0.0, "top_k": 0}
        desk.ask(Question(said, sampling, 2000, overflow="drop_oldest", key=talk.key))

    def grow(text: str, n_tokens: int) -> None:
        talk.grow_answer(text)
        tell(answer=talk.branch[-1].id, n=len(talk.answer_so_far))

    def end(*_: object) -> None:
        whole = talk.end_answer("stop", {})
        if whole is not None:
            tell(ended=whole.id, n=len(whole.text))
        QTimer.singleShot(0, ask)

    desk.grew.connect(grow)
    desk.answered.connect(end)
    desk.failed.connect(end)
    desk.load(Load(path=model))
    QTimer.singleShot(0, ask)
    application.exec()


@dataclass
class Acknowledged:
    """What a killed process had said."""

    questions: dict[int, str] = field(default_factory=dict)
    shown: dict[int, list[tuple[float, int]]] = field(default_factory=dict)  # characters by time
    ended: dict[int, int] = field(default_factory=dict)

    def take(self, lines: bytes) -> None:
        """Read whole lines."""
        for line in lines.split(b"\n")[:-1]:
            said = json.loads(line)
            if "asked" in said:
                self.questions[said["asked"]] = said["text"]
            elif "answer" in said:
                self.shown.setdefault(said["answer"], []).append((said["at"], said["n"]))
            else:
                self.ended[said["ended"]] = said["n"]


def children_of(pid: int) -> list[int]:
    """The processes that ``pid`` has started."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(each) for each in found.stdout.split()]


def kill_all(pids: list[int]) -> None:
    """Kill processes; those that have just ended by themselves need it no more."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_at(moment: float, whom: str, model: str, environment: dict[str, str]) -> tuple[float, Acknowledged]:
    """Start a writer, kill it ``moment`` seconds after its answer began; when, and what it had said.

    A negative moment counts from the question: while the model is loaded and reads.
    """
    command = [sys.executable, __file__, "--write", model]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as writer:
        assert writer.stdout is not None
        said = writer.stdout.readline()
        while moment >= 0 and b'"n": ' not in said.replace(b'"n": 0', b""):
            said += writer.stdout.readline()
        os.set_blocking(writer.stdout.fileno(), False)
        moment = abs(moment)
        until = time.monotonic() + moment
        engines_left = whom == "engine"
        while time.monotonic() < until:
            time.sleep(0.01)
            said += writer.stdout.read() or b""
            if engines_left and until - time.monotonic() < moment / 2:
                engines_left = False
                kill_all(children_of(writer.pid))
        children = children_of(writer.pid)
        killed_at = time.time()
        os.kill(writer.pid, signal.SIGKILL)
        if whom == "both":
            kill_all(children)
        os.set_blocking(writer.stdout.fileno(), True)
        said += writer.stdout.read()
    acknowledged = Acknowledged()
    acknowledged.take(said)
    return killed_at, acknowledged


def stored(path: Path) -> tuple[str, dict[int, str]]:
    """What SQLite says of the database, and all texts by message."""
    database = sqlite3.connect(path)
    try:
        verdict = "; ".join(row[0] for row in database.execute("PRAGMA integrity_check"))
        return verdict, dict(database.execute("SELECT id, text FROM messages"))
    finally:
        database.close()


def lost_seconds(history: list[tuple[float, int]], n_kept: int, killed_at: float) -> float:
    """How long before the kill the first character that is gone had been shown."""
    gone = [at for at, n in history if n > n_kept]
    return killed_at - gone[0] if gone else 0.0


def parse() -> argparse.Namespace:
    """Read the command line."""
    from octavo.store.library import demo_model

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument(
        "--longest", type=float, default=6.0, help="latest kill, seconds after the answer began"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", default=str(demo_model()))
    parser.add_argument("--write", metavar="MODEL", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Kill, reopen, compare."""
    arguments = parse()
    if arguments.write:
        write_like_the_window(arguments.write)
        return
    from octavo.store.chats import ChatStore

    moments = random.Random(arguments.seed)
    n_corrupt = n_lost = n_shortened = n_set_aside = 0
    n_questions, longest = 0, 0.0
    everything: dict[int, str] = {}
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "OCTAVO_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
        path = Path(home) / "data" / "chats.sqlite"
        for number in range(arguments.kills):
            moment = moments.uniform(-1, arguments.longest)
            whom = ("window", "engine", "both")[number % 3]
            killed_at, said = kill_at(moment, whom, arguments.model, environment)
            time.sleep(0.2)  # the engine sees that its window has gone
            verdict, texts = stored(path)
            with ChatStore(path) as store:
                n_set_aside += bool(store.problem)
            everything |= said.questions
            lost = [each for each, text in everything.items() if texts.get(each) != text]
            cut = [each for each, n in said.ended.items() if len(texts.get(each, "")) < n]
            seconds = max(
                (
                    lost_seconds(history, len(texts.get(answer, "")), killed_at)
                    for answer, history in said.shown.items()
                    if answer not in said.ended
                ),
                default=0.0,
            )
            n_corrupt += verdict != "ok"
            n_lost, n_shortened = n_lost + len(lost), n_shortened + len(cut)
            n_questions, longest = n_questions + len(said.questions), max(longest, seconds)
            print(
                f"{number + 1:3}  {whom:6} after {moment:5.2f} s: {verdict}, {len(said.questions)} questions,"
                f" {len(lost)} lost, {seconds:.2f} s of stream gone",
                flush=True,
            )
    print(
        f"{arguments.kills} kills, {n_questions} questions acknowledged: {n_corrupt} corrupt databases, "
        f"{n_set_aside} set aside, {n_lost} questions lost, {n_shortened} ended answers shortened, "
        f"at most {longest:.2f} s of stream gone"
    )
    if n_corrupt or n_lost or n_shortened or n_set_aside or longest > ALLOWED_SECONDS:
        raise SystemExit("something acknowledged was lost")


if __name__ == "__main__":
    main()

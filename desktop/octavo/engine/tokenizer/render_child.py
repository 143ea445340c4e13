"""The process in which chat templates are rendered: small, and killed when it goes too far (``trust.md`` T3).

It says ``ready``; then each line on standard input is a JSON object with ``source`` and ``variables``, each line on
standard output its answer: ``{"text": ...}``, ``{"refused": ...}`` (the template's own words) or ``{"failed": ...}``.
Each rendering may use 2 s of processor time; the process may hold 512 MB. Both end the process.
"""

from __future__ import annotations

import json
import signal
import sys
from typing import IO, Any

from jinja2.exceptions import TemplateError

from octavo.engine.tokenizer.sandbox import MAX_OUTPUT_BYTES, ConversationRefused, TemplateSandbox

CPU_SECONDS = 2.0
MEMORY_BYTES = 512 * 1024 * 1024


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until there are no more."""
    sandbox = TemplateSandbox()
    for line in requests:
        _limit_time(CPU_SECONDS)
        answer = _answer(sandbox, json.loads(line), len(line))
        _limit_time(0)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
        if answer.get("failed") == "memory":
            return


def _answer(sandbox: TemplateSandbox, request: dict[str, Any], n_bytes: int) -> dict[str, str]:
    try:
        text = sandbox.render_bounded(request["source"], request["variables"], MAX_OUTPUT_BYTES + 4 * n_bytes)
    except ConversationRefused as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"failed": "memory"}
    except RecursionError:
        return {"failed": "it is nested too deeply"}
    except TemplateError as error:
        return {"failed": str(error)}
    except Exception as error:
        # A template's own mistakes surface as any Python error: it is a program.
        return {"failed": f"{type(error).__name__}: {error}"}
    return {"text": text}


def _limit_time(seconds: float) -> None:
    if sys.platform != "win32":
        # Processor time; the signal's default action ends the process, even in the middle of C code.
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        least = MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MEMORY_BYTES, most)
        resource.setrlimit(resource.RLIMIT_DATA, (least, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    # Ctrl-C in a terminal reaches every process of the program; what it stops is for the parent to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory()
    print("ready", flush=True)
    serve(sys.stdin.buffer, sys.stdout.buffer)

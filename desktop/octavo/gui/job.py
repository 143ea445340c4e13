"""One conversion of the queue: what is asked for, how it stands, and what stands in its way."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from octavo.gui.conversion import Converted
from octavo.gui.conversion_clock import Pace
from octavo.gui.wording import byte_count, listed
from octavo.store.unfinished import Aim, Begun, left_bytes
from octavo.worker.protocol import Convert, Copy, Failed

EXISTS, INTERRUPTED, LEFTOVER = "exists", "interrupted", "leftover"
_numbers = itertools.count(1)


class Job:
    """A conversion to one or more copies.

    Attributes
    ----------
    state : str
        ``waiting``, ``running``, ``stopping``, ``done`` or ``failed``.
    pace : Pace or None
        While it runs.
    result : Converted or None
        When it is done; a job that is done is of one copy.
    failure : Failed or None
        When it has failed; of the kind ``EXISTS`` where a target is there already and nobody agreed to lose
        it, ``INTERRUPTED`` where it was killed with an earlier window, ``LEFTOVER`` where all that is known of it
        is what it has left.
    """

    def __init__(self, request: Convert, source_name: str) -> None:
        self.number = next(_numbers)
        self.request = request
        self.source_name = source_name
        self.state = "waiting"
        self.pace: Pace | None = None
        self.result: Converted | None = None
        self.failure: Failed | None = None

    @property
    def title(self) -> str:
        """``Llama 3.2 3B to Q4_K_M and Q8_0``."""
        return f"{self.source_name} to {listed([each.quantizer for each in self.request.copies])}"

    @property
    def outputs(self) -> list[str]:
        """Where the copies go."""
        return [each.output for each in self.request.copies]

    @property
    def left_bytes(self) -> int:
        """What a killed conversion has left of its copies."""
        return sum(max(left_bytes(each), 0) for each in self.outputs)

    @property
    def is_open(self) -> bool:
        """Whether it runs or waits."""
        return self.state in ("waiting", "running", "stopping")

    @property
    def begun(self) -> Begun:
        """The note of its beginning."""
        aims = [Aim(each.output, each.quantizer, dict(each.options)) for each in self.request.copies]
        return Begun(aims, self.request.path, self.source_name, self.request.allow_damaged)


def new_job(request: Convert, source_name: str) -> Job:
    """A job that waits; one that would replace a file without consent has failed before it begins."""
    job = Job(request, source_name)
    names = [Path(each).name for each in job.outputs if os.path.lexists(each)]
    if names and not request.force:
        job.state = "failed"
        job.failure = Failed(
            kind=EXISTS,
            message=f"{listed(names)} {'exists' if len(names) == 1 else 'exist'} already.",
            hint="Replace it, or choose another name."
            if len(names) == 1
            else "Replace them, or choose other names.",
        )
    return job


def left_job(begun: Begun) -> Job:
    """A job that was killed, and what to say of it."""
    copies = [Copy(quantizer=each.quantizer, output=each.output, options=each.options) for each in begun.aims]
    request = Convert(path=begun.path, copies=copies, allow_damaged=begun.allow_damaged)
    job = Job(request, begun.source_name)
    size = byte_count(job.left_bytes)
    names = listed([Path(each).name for each in job.outputs])
    job.state = "failed"
    if begun.path:
        said = f"Converting {job.title} was interrupted."
        job.failure = Failed(
            kind=INTERRUPTED,
            message=said,
            hint=f"It can go on where it stopped; so far it takes {size} of the disk.",
        )
    else:
        said = f"{names} was never finished: what there is of it takes {size} of the disk."
        job.failure = Failed(kind=LEFTOVER, message=said, hint=f"In {Path(job.outputs[0]).parent}.")
    return job


def done_jobs(job: Job, results: Sequence[Converted]) -> list[Job]:
    """A job for each copy that was made, to be looked at and put away by itself."""
    made = []
    for copy, result in zip(job.request.copies, results, strict=True):
        one = Job(msgspec.structs.replace(job.request, copies=[copy]), job.source_name)
        one.state, one.result = "done", result
        made.append(one)
    return made

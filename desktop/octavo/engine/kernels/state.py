"""Where compiled code finds things: the run's state, each thread's buffers, and the fields of operations.

All are int64 at byte offsets; a float32 stands in the first 4 bytes of its field.
"""

from __future__ import annotations

# The run, written before each call.
PROGRAM = 0  # address of the first operation
N_THREADS = 8
N_TOKENS = 16
FIRST_POSITION = 24
TOKENS = 32  # address of int64 token ids
FIRST_LOGIT = 40  # operations of the tail do the tokens from here on
THREADS = 48  # address of the thread records
STOP = 56  # written by any thread of Python to stop a run
ABORT = 64  # two slots, used in turn
FINISHED = 88  # whether the last run came to its end
RUN = 96  # address of the entry that runs the program
BARRIER = 128  # arrivals; 64 bytes later the generation, and who sleeps until it changes
COMMAND = 256  # generation of the command, and who sleeps until it changes
QUIT = 320
PARKED = 384  # one slot of 64 bytes for each thread
BARRIER_PATIENCE = PARKED + 16  # in the thread's slot: how long it spins at barriers, and for commands
COMMAND_PATIENCE = PARKED + 32
MAX_THREADS = 256
STATE_BYTES = PARKED + 64 * MAX_THREADS

# A thread's own buffers.
T_RECORDS = 0  # one packed activation
T_FLOATS = 8  # one float32 activation
T_PANELS = 16
T_SCORES = 24
T_CHOICES = 32  # which experts do which tokens
T_BLOCKS = 40  # results of a few groups of rows, for all tokens of an expert
THREAD_BYTES = 64

# An operation: code, flags, then its fields.
CODE = 0
FLAGS = 8
FIELDS = 16
N_FIELDS = 22
OPERATION_BYTES = FIELDS + 8 * N_FIELDS

BARRIER_AFTER = 1
BARRIER_IF_MANY = 2  # only when there is more than one token: with one, each thread works for itself
TAIL = 4  # only the tokens from FIRST_LOGIT on

END, EMBED, ROPE_TABLE, PREPARE, LINEAR, GATED, HEADS, ATTEND, PREPARE_HEADS, NORM_ADD, SOFT_CAP = range(11)
CALL = 11  # an entry of its own, at the address in the first field: what few models need


def field(n: int) -> int:
    """Offset of field ``n`` of an operation."""
    return FIELDS + 8 * n

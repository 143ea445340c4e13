"""Many groups of rows packed in one call, so that loading is not a loop of Python."""

from __future__ import annotations

from octavo.engine.kernels.layout import GROUP_ROWS
from octavo.engine.simd.jit import entry
from octavo.engine.simd.lowering import emit_call, operation


@operation("l:pplllplp")
def _call_repack(b, function, *arguments):
    """Call a repack entry by its address."""
    return emit_call(b, function, *arguments)


@entry
def repack_rows(function, source, row_bytes, n_rows, columns, out, group_bytes, meta_bytes, scratch):
    """Pack ``n_rows`` rows, the last group filled up, by the repack entry at the address ``function``.

    Parameters
    ----------
    source, row_bytes : address, bytes
        The rows as they lie in the file.
    out, group_bytes : address, bytes
        The packed groups.
    meta_bytes : bytes
        Of a group's scales.
    scratch : address
        Room for 576 bytes.
    """
    for first in range(0, n_rows, GROUP_ROWS):
        place = out + first // GROUP_ROWS * group_bytes
        n = min(GROUP_ROWS, n_rows - first)
        _call_repack(function, source + first * row_bytes, row_bytes, n, columns, place, meta_bytes, scratch)
    return 0

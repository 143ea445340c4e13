"""What is known about a conversion when it is done."""

from __future__ import annotations

from dataclasses import dataclass, field

from octavo.engine.convert.proof import Proof


@dataclass(frozen=True)
class ConvertReport:
    """What a conversion made.

    Parameters
    ----------
    output : str
        Path of the new file.
    file_bytes, predicted_bytes : int
        Written, and announced before; equal.
    seconds : float
        Until the file was whole and on the disk; the proof comes on top.
    peak_rss_bytes : int
        The most memory this process had held until then.
    sha256 : str
        Of the whole file, hexadecimal.
    verified : bool
        Whether the file opens as a model and holds every tensor as planned.
    n_tensors : int
    notes : list of str
        What people should know about the result, one sentence each.
    quantizer : str
    mode : str
        ``best`` if it was calibrated, ``imatrix`` if with an importance matrix, else ``quick``.
    source_sha256 : str
        As it stands in the file's metadata; empty if they tell nothing of it.
    resumed_tensors : int
        How many a killed conversion had left.
    proof : Proof or None
        None if none was asked for.
    busy : float
        The share of all processors that other programs used in those seconds; 0 to 1.
    """

    output: str
    file_bytes: int
    predicted_bytes: int
    seconds: float
    peak_rss_bytes: int
    sha256: str
    verified: bool
    n_tensors: int
    notes: list[str] = field(default_factory=list)
    quantizer: str = ""
    mode: str = "quick"
    source_sha256: str = ""
    resumed_tensors: int = 0
    proof: Proof | None = None
    busy: float = 0.0

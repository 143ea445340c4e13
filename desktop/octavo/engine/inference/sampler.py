"""Chooses tokens by ``Sampling``; the work is done in compiled code."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from octavo.engine.errors import OctavoError
from octavo.engine.inference.sampling import Sampling
from octavo.engine.kernels import candidates as kernel
from octavo.engine.kernels import sample, sample_state, smallest

_Buffer = npt.NDArray[np.generic]


class Sampler:
    """Chooses tokens; one for each answer.

    Its buffers are made for the first logits and used again for all that follow.

    Parameters
    ----------
    sampling : Sampling

    Raises
    ------
    OctavoError
        A setting is out of its range.
    """

    def __init__(self, sampling: Sampling) -> None:
        sampling.check()
        self._sampling = sampling
        self._state = np.zeros(sample_state.N_FIELDS, np.int64)
        self._address = int(self._state.ctypes.data)
        self._buffers: dict[int, _Buffer] = {}  # by their fields
        self._recent = np.zeros(sampling.penalty_tokens if sampling.has_penalties else 0, np.int64)
        self._recent_fields = self._recent.data.cast("B").cast("q")
        self._n_vocabulary = 0
        self._logits: npt.NDArray[np.float32] | None = None
        self._mask: npt.NDArray[np.uint8] | None = None
        seed = np.array([sampling.drawn_seed()], np.uint64).view(np.int64)
        self._set(sample_state.SEED, int(seed[0]))
        self._set(sample_state.TOP_K, sampling.top_k)
        distance = sampling.temperature * math.log(sampling.min_p) if sampling.min_p > 0 else -math.inf
        reals = {
            sample_state.TEMPERATURE: sampling.temperature,
            sample_state.MIN_P_DISTANCE: distance,
            sample_state.TYPICAL_P: sampling.typical_p,
            sample_state.TOP_P: sampling.top_p,
            sample_state.REPEAT_PENALTY: sampling.repeat_penalty,
            sample_state.PRESENCE_PENALTY: sampling.presence_penalty,
            sample_state.FREQUENCY_PENALTY: sampling.frequency_penalty,
        }
        for field, value in reals.items():
            self._state.view(np.float64)[field // 8] = value

    def _set(self, field: int, value: int) -> None:
        self._state[field // 8] = value

    def _give(self, field: int, buffer: _Buffer) -> None:
        """Let a field point to a buffer."""
        self._buffers[field] = buffer
        self._set(field, int(buffer.ctypes.data))

    def choose(
        self,
        logits: npt.NDArray[np.float32],
        history: Sequence[int] = (),
        mask: npt.NDArray[np.uint8] | None = None,
    ) -> int:
        """The next token.

        Parameters
        ----------
        logits : float32[vocabulary]
            Read where they lie; changed during the call if there are biases or penalties, and changed back.
        history : sequence of int
            The tokens so far, for the penalties.
        mask : uint8[vocabulary], optional
            Tokens with a 0 are never chosen.

        Raises
        ------
        OctavoError
            Some logits are no numbers: the weights are damaged. Or no token is allowed, or one with a bias is unknown.
        """
        # The same array comes for every token of an answer: it is checked once.
        if logits is not self._logits:
            self._read_from(logits)
        if mask is not self._mask:
            self._obey(mask)
        if self._recent.size:
            last = array("q", history[-self._recent.size :])
            self._recent_fields[: len(last)] = last
            self._set(sample_state.N_RECENT, len(last))
        token = sample.sample(self._address)
        if token < 0:
            raise _refusal(token)
        return token

    def candidates(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """Between which tokens the last choice was: ids int32[n] in order, probabilities float64[n] of sum 1."""
        n = int(self._state[sample_state.N_CANDIDATES // 8])
        weights = self._buffers[sample_state.WEIGHTS][:n].astype(np.float64)
        return self._buffers[sample_state.IDS][:n].astype(np.int32), weights / weights.sum()

    def _read_from(self, logits: npt.NDArray[np.float32]) -> None:
        address = _address(logits, logits.size, np.dtype(np.float32))
        if not logits.flags.writeable:
            raise ValueError("biases and penalties need logits that can be written")
        if logits.size != self._n_vocabulary:
            self._make_buffers(logits.size)
        self._set(sample_state.LOGITS, address)
        self._logits = logits

    def _obey(self, mask: npt.NDArray[np.uint8] | None) -> None:
        n = self._n_vocabulary
        self._set(sample_state.MASK, 0 if mask is None else _address(mask, n, np.dtype(np.uint8)))
        self._mask = mask

    def _make_buffers(self, n_vocabulary: int) -> None:
        biases = self._sampling.biases
        for token, _ in biases:
            if token >= n_vocabulary:
                last = n_vocabulary - 1
                raise OctavoError(f"There is no token {token} to bias.", f"Token ids go from 0 to {last}.")
        self._n_vocabulary = n_vocabulary
        self._mask = None
        self._set(sample_state.MASK, 0)
        self._set(sample_state.N_VOCABULARY, n_vocabulary)
        self._give(sample_state.MAXIMA, np.empty(-(-n_vocabulary // kernel.CHUNK), np.float32))
        self._give(sample_state.BINS, np.empty(smallest.BINS_BYTES, np.uint8))
        self._give(sample_state.KEYS, np.empty(n_vocabulary, np.float32))
        self._give(sample_state.IDS, np.empty(n_vocabulary, np.int32))
        self._give(sample_state.VALUES, np.empty(n_vocabulary, np.float32))
        self._give(sample_state.WEIGHTS, np.empty(n_vocabulary, np.int64))
        self._give(sample_state.RECENT, self._recent)
        self._give(sample_state.COUNTS, np.zeros(n_vocabulary if self._recent.size else 0, np.int32))
        self._give(sample_state.BIAS_IDS, np.array([token for token, _ in biases], np.int64))
        self._give(sample_state.BIAS_VALUES, np.array([value for _, value in biases], np.float64))
        self._set(sample_state.N_BIAS, len(biases))
        self._give(sample_state.UNDO_IDS, np.empty(len(biases) + self._recent.size, np.int64))
        self._give(sample_state.UNDO_VALUES, np.empty(len(biases) + self._recent.size, np.float32))


def _refusal(code: int) -> Exception:
    if code == sample.NOT_NUMBERS:
        return OctavoError("The model computed numbers that are no numbers.", "Its weights may be damaged.")
    if code == sample.NONE_ALLOWED:
        return OctavoError("No token may come next: all of them are forbidden.", "Allow at least one.")
    return ValueError("a token of the history is outside the vocabulary")


def _address(values: npt.NDArray[np.generic], n: int, kind: np.dtype[np.generic]) -> int:
    """Where ``values`` lie; compiled code will trust it."""
    if values.shape != (n,) or values.dtype != kind or not values.flags.c_contiguous:
        raise ValueError(f"need contiguous {kind}[{n}], got {values.dtype}{list(values.shape)}")
    return int(values.ctypes.data)

"""The peer: llama.cpp through the low-level names of llama-cpp-python, as llama-bench drives it."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import llama_cpp
import numpy as np
from numpy.typing import NDArray

BATCH_TOKENS = 512
"""Tokens per call of ``llama_decode``; llama.cpp's own default for a physical batch."""


@llama_cpp.llama_log_callback
def _ignore_log(_level: int, _text: bytes, _user_data: ctypes.c_void_p) -> None:
    """Swallow the library's chatter."""


class LlamaSide:
    """One model in one context of llama.cpp, with a cache that can be filled, cut back and cleared.

    Parameters
    ----------
    model : Path
        A GGUF file.
    n_threads, context_tokens : int
        Threads serve decode and prefill alike.
    """

    def __init__(self, model: Path, n_threads: int, context_tokens: int) -> None:
        llama_cpp.llama_log_set(_ignore_log, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self._model = llama_cpp.llama_model_load_from_file(
            str(model).encode(), llama_cpp.llama_model_default_params()
        )
        if not self._model:
            raise SystemExit(f"llama.cpp does not load {model}")
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = context_tokens
        parameters.n_batch = parameters.n_ubatch = BATCH_TOKENS
        parameters.n_threads = parameters.n_threads_batch = n_threads
        # llama-bench does the same: a sliding window's cache is as small as the window.
        parameters.swa_full = False
        self._context = llama_cpp.llama_init_from_model(self._model, parameters)
        if not self._context:
            raise SystemExit(f"llama.cpp makes no context of {context_tokens} tokens for {model}")
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self.n_vocabulary = int(llama_cpp.llama_vocab_n_tokens(self._vocabulary))
        self._token = (llama_cpp.llama_token * 1)(0)

    def about(self) -> str:
        """Name the version and the instruction sets that the library was built for."""
        features = llama_cpp.llama_print_system_info().decode()
        names = [part.split("=")[0].strip() for part in features.split("|") if part.strip().endswith("= 1")]
        return f"llama-cpp-python {llama_cpp.__version__}: {' '.join(names)}"

    def clear(self) -> None:
        """Forget every token."""
        llama_cpp.llama_memory_clear(self._memory, False)

    def cut(self, n_tokens: int) -> bool:
        """Keep the first ``n_tokens`` of the cache; whether that could be done."""
        return bool(llama_cpp.llama_memory_seq_rm(self._memory, 0, n_tokens, -1))

    def prefill(self, ids: Sequence[int]) -> None:
        """Append ``ids`` to the cache; logits are made for the last one of a batch alone."""
        for start in range(0, len(ids), BATCH_TOKENS):
            part = ids[start : start + BATCH_TOKENS]
            # The batch points into this array, so it needs a name that outlives the call.
            tokens = (llama_cpp.llama_token * len(part))(*part)
            self._decode(llama_cpp.llama_batch_get_one(tokens, len(part)))
        llama_cpp.llama_synchronize(self._context)

    def decode(self, n_tokens: int) -> None:
        """Append ``n_tokens`` one by one, each the likeliest after the one before it."""
        for _ in range(n_tokens):
            self._decode(llama_cpp.llama_batch_get_one(self._token, 1))
            self._token[0] = int(self._last_logits().argmax())

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return float32[tokens, vocabulary] for ``ids`` in an empty context."""
        self.clear()
        rows = []
        for start in range(0, len(ids), BATCH_TOKENS):
            rows.append(self._batch_logits(ids[start : start + BATCH_TOKENS], start))
        return np.concatenate(rows)

    def tokenize(self, text: str) -> list[int]:
        """Encode ``text``; no BOS is added and no control token is parsed."""
        raw = text.encode()
        # A space may become a character of three bytes, and each of these a token.
        ids = (llama_cpp.llama_token * (3 * len(raw) + 8))()
        n_ids = llama_cpp.llama_tokenize(self._vocabulary, raw, len(raw), ids, len(ids), False, False)
        if n_ids < 0:
            raise SystemExit(f"llama_tokenize wants room for {-n_ids} tokens")
        return list(ids[:n_ids])

    def close(self) -> None:
        """Free the context and the model."""
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def _decode(self, batch: llama_cpp.llama_batch) -> None:
        status = llama_cpp.llama_decode(self._context, batch)
        if status != 0:
            raise SystemExit(f"llama_decode answered {status}")

    def _last_logits(self) -> NDArray[np.float32]:
        pointer = llama_cpp.llama_get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(pointer, (self.n_vocabulary,))

    def _batch_logits(self, ids: Sequence[int], first_position: int) -> NDArray[np.float32]:
        batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
        try:
            batch.n_tokens = len(ids)
            for index, token in enumerate(ids):
                batch.token[index] = token
                batch.pos[index] = first_position + index
                batch.n_seq_id[index] = 1
                batch.seq_id[index][0] = 0
                batch.logits[index] = 1
            self._decode(batch)
            pointer = llama_cpp.llama_get_logits(self._context)
            return np.ctypeslib.as_array(pointer, (len(ids), self.n_vocabulary)).copy()
        finally:
            llama_cpp.llama_batch_free(batch)

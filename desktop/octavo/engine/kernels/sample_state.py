"""Where the sampler's compiled code finds things: int64 or float64 fields, most of them addresses."""

from __future__ import annotations

N_FIELDS = 28

(
    LOGITS,  # float32[n_vocabulary], left as they were
    N_VOCABULARY,
    MASK,  # uint8[n_vocabulary], 0 for tokens that must not be chosen; or no address
    RECENT,  # int64[n_recent], the tokens that penalties count
    N_RECENT,
    BIAS_IDS,  # int64[n_bias]
    BIAS_VALUES,  # float64[n_bias]
    N_BIAS,
    COUNTS,  # int32[n_vocabulary], zeros between calls
    UNDO_IDS,  # int64[n_bias + n_recent]
    UNDO_VALUES,  # float32[n_bias + n_recent]
    REPEAT_PENALTY,  # float64, as all settings but top_k
    PRESENCE_PENALTY,
    FREQUENCY_PENALTY,
    TEMPERATURE,  # 0 takes the largest
    TOP_K,
    MIN_P_DISTANCE,  # how far below the largest logit candidates may be: temperature * ln(min_p)
    TYPICAL_P,
    TOP_P,
    SEED,
    DRAWS,  # how many were made
    MAXIMA,  # float32[n_chunks]
    BINS,  # see smallest.py
    KEYS,  # float32[n_vocabulary]
    IDS,  # int32[n_vocabulary], the candidates
    VALUES,  # float32[n_vocabulary], their logits
    WEIGHTS,  # int64[n_vocabulary]
    N_CANDIDATES,  # of the last call
) = range(0, 8 * N_FIELDS, 8)

"""What a sampler chooses again and again from fixed logits."""

from __future__ import annotations

import numpy as np

from octavo.engine.inference.sampler import Sampler
from octavo.engine.inference.sampling import Sampling

SETTINGS = (
    Sampling(temperature=0.0),
    Sampling(seed=1),
    Sampling(seed=2, temperature=1.7, top_k=0, top_p=1.0, min_p=0.0),
    Sampling(seed=3, temperature=1.3, top_k=0, top_p=0.9, min_p=0.0, typical_p=0.8),
    Sampling(seed=4, repeat_penalty=1.3, presence_penalty=0.4, frequency_penalty=0.2, penalty_tokens=20),
    Sampling(seed=5, top_k=200, min_p=0.001, logit_bias={3: 9.5, 700: -np.inf}),
)


def of_all_settings() -> list[str]:
    """A line of 100 tokens for each setting."""
    lines = []
    for sampling in SETTINGS:
        sampler, random, tokens = Sampler(sampling), np.random.default_rng(7), [5]
        for _ in range(100):
            logits = (3 * random.standard_normal(1003)).astype(np.float32)
            tokens.append(sampler.choose(logits, tokens))
        lines.append(" ".join(map(str, tokens)))
    return lines

import subprocess
import sys

import numpy as np
import pytest

import octavo_q4_k_m
import octavo_q8_0
from octavo.api import TensorInfo, block_type, decode

PLUGINS = (octavo_q8_0, octavo_q4_k_m)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plan_keeps_norms_and_shrinks_matrices(plugin):
    (quantizer,) = plugin.quantizers()
    tensors = [
        TensorInfo("blk.0.attn_norm.weight", (256,), block_type("F32")),
        TensorInfo("blk.0.ffn_up.weight", (4, 256), block_type("BF16")),
    ]

    plan = quantizer.plan(tensors, None)

    assert plan.types["blk.0.attn_norm.weight"] == block_type("F32")
    assert plan.types["blk.0.ffn_up.weight"].name in ("Q8_0", "Q4_K")


@pytest.mark.parametrize(
    ("plugin", "kind", "error"), [(octavo_q8_0, "Q8_0", 0.01), (octavo_q4_k_m, "Q4_K", 0.15)]
)
def test_encoded_weights_come_back_nearly_as_they_were(plugin, kind, error):
    (quantizer,) = plugin.quantizers()
    weights = np.random.default_rng(3).normal(size=(4, 256)).astype(np.float32)

    back = decode(quantizer.encode(weights, block_type(kind), None), block_type(kind))

    assert np.sqrt(np.mean((back - weights) ** 2)) < error


def test_importing_plugins_imports_neither_numpy_nor_numba():
    code = (
        "import sys, octavo_q8_0, octavo_q4_k_m;"
        "print([m for m in ('numpy', 'numba', 'gguf', 'psutil') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"

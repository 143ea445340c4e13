import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from octavo.api import MixtureOptions, OctavoError, PlainOptions, TensorInfo, block_type, decode
from octavo.engine.blocks.codec import can_encode
from octavo.engine.checkpoint.card import FILE_TYPES

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PLUGINS = sorted(
    each.name for each in (ROOT / "plugins").glob("octavo_*") if (each / "__init__.py").is_file()
)
MATRICES = [
    TensorInfo("blk.0.attn_norm.weight", (256,), block_type("F32")),
    TensorInfo("blk.0.ffn_up.weight", (8, 256), block_type("BF16")),
    TensorInfo("token_embd.weight", (4, 256), block_type("F16")),
]


def quantizers_of(plugin):
    return importlib.import_module(plugin).quantizers()


ALL = [each for plugin in PLUGINS for each in quantizers_of(plugin)]
MIXTURES = [each for each in ALL if hasattr(each, "mixture")]


def named(quantizer):
    return quantizer.name


def test_every_plugin_is_named_wherever_plugins_are_named():
    points = PROJECT["project"]["entry-points"]["octavo"]
    tools = PROJECT["tool"]

    assert sorted(points.values()) == PLUGINS
    assert all(module == f"octavo_{name}" for name, module in points.items())
    assert {f"plugins/{each}" for each in PLUGINS} < set(
        tools["hatch"]["build"]["targets"]["wheel"]["packages"]
    )
    assert set(PLUGINS) < set(tools["mypy"]["packages"])
    assert set(PLUGINS) < set(tools["importlinter"]["root_packages"])
    forbidden = [each for each in tools["importlinter"]["contracts"] if "Plugins import" in each["name"]]
    assert [set(each["source_modules"]) for each in forbidden] == [set(PLUGINS)]


@pytest.mark.parametrize("quantizer", ALL, ids=named)
def test_a_plan_keeps_norms_and_gives_matrices_what_can_be_written(quantizer):
    plan = quantizer.plan(MATRICES, quantizer.Options() if quantizer.Options else None)

    assert plan.types["blk.0.attn_norm.weight"] == block_type("F32")
    assert all(can_encode(each) or plan.layout for each in plan.types.values())
    assert plan.fallbacks == {}


@pytest.mark.parametrize("quantizer", MIXTURES, ids=named)
def test_a_file_says_the_name_of_its_mixture(quantizer):
    plan = quantizer.plan(MATRICES)

    assert FILE_TYPES[plan.file_type] == quantizer.name
    assert plan.types["blk.0.ffn_up.weight"].name == quantizer.mixture.base


@pytest.mark.parametrize("quantizer", MIXTURES, ids=named)
def test_encoded_weights_come_back_nearly_as_they_were(quantizer):
    weights = np.random.default_rng(3).normal(size=(4, 256)).astype(np.float32)
    kind = block_type(quantizer.mixture.base)
    allowed = {8: 0.01, 6: 0.05, 5: 0.07, 4: 0.15, 3: 0.3, 16: 0.005}[int(kind.bits_per_weight)]

    back = decode(quantizer.encode(weights, kind, None), kind)

    assert np.sqrt(np.mean((back - weights) ** 2)) < allowed


@pytest.mark.parametrize("quantizer", ALL, ids=named)
def test_summaries_are_sentences_and_options_explain_themselves(quantizer):
    options = quantizer.Options.__dataclass_fields__.values() if quantizer.Options else ()

    assert quantizer.summary[0].isupper()
    assert quantizer.summary.endswith(".")
    assert all(each.metadata["label"] and each.metadata["help"].endswith(".") for each in options)


def test_only_what_can_be_calibrated_offers_to_be():
    plain = {each.name for each in MIXTURES if each.Options is PlainOptions}

    assert plain == {"F16", "BF16"}
    assert all(each.Options is MixtureOptions for each in MIXTURES if each.name not in plain)


def test_a_plan_tells_whether_the_file_is_to_be_llama_quantizes():
    (quantizer,) = quantizers_of("octavo_q4_k_m")

    assert quantizer.plan(MATRICES, MixtureOptions(compatible=True)).compatible
    assert not quantizer.plan(MATRICES, MixtureOptions()).compatible


def test_a_calibrated_file_cannot_have_the_bytes_of_llama_quantize():
    (quantizer,) = quantizers_of("octavo_q4_k_m")

    with pytest.raises(OctavoError, match="cannot have the bytes"):
        quantizer.plan(MATRICES, MixtureOptions(mode="best", compatible=True))


def test_importing_plugins_imports_neither_numpy_nor_numba():
    code = (
        f"import sys, {', '.join(PLUGINS)};"
        "print([m for m in ('numpy', 'numba', 'gguf', 'psutil') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"

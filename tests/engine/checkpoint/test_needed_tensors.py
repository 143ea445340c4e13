"""Tensors beside those that a family needs: biases that are used, and what is not."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fixtures.cards import card

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.checkpoint.needed_tensors import check_tensors
from octavo.engine.errors import UnreadableModel

MODEL = card()
Q = next(each for each in MODEL.tensors if each.name == "blk.0.attn_q.weight")


def unused(*more, architecture="gemma"):
    model = replace(MODEL.hyperparameters, architecture=architecture)
    given = [TensorInfo(name, shape, block_type(kind)) for name, shape, kind in more]
    return check_tensors(Path("m.gguf"), model, [*MODEL.tensors, *given])


@pytest.mark.parametrize("architecture", ["llama", "gemma"])
def test_any_matrix_may_have_a_bias(architecture):
    biases = ("blk.0.attn_q.bias", (Q.rows,), "F32"), ("blk.0.attn_output.bias", (Q.columns,), "F16")
    assert unused(*biases, architecture=architecture) == []


def test_what_belongs_to_no_matrix_is_told():
    assert unused(("blk.0.attn_norm.bias", (Q.columns,), "F32"), ("blk.0.more", (32,), "F32")) == [
        "blk.0.attn_norm.bias",
        "blk.0.more",
    ]


@pytest.mark.parametrize(
    ("shape", "kind", "said"), [((Q.rows - 1,), "F32", "numbers ask for"), ((Q.rows,), "I32", "integers")]
)
def test_a_bias_that_does_not_fit_its_matrix_is_refused(shape, kind, said):
    with pytest.raises(UnreadableModel, match=said):
        unused(("blk.0.attn_q.bias", shape, kind))

"""What a conversion needs compiled is compiled before it begins, all of it and no more."""

from __future__ import annotations

import contextlib

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.blocks.encoders import affine_256, q6_k, ranges, widen
from octavo.engine.calibrate import prepare
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.inference import layered
from octavo.engine.kernels.moments import add_moments
from octavo.engine.progress import finish
from octavo.engine.quantize.options import build_options
from octavo.engine.simd.jit import Entry
from octavo.plugin.host import PluginHost

HOST = PluginHost()


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """What is compiled ahead for a format and its options."""
    found: list[Entry] = []

    def note(entries, n_processes):
        found.extend(entries)
        yield from ()

    for module in (prepare, layered):
        monkeypatch.setattr(module, "compile_ahead", note)
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "tiny.gguf"))) as source:

        def ask(name, **values):
            found.clear()
            quantizer = HOST.quantizer(name)
            finish(prepare.prepare_kernels(source, quantizer, build_options(quantizer, values)))
            return set(found)

        yield ask


def test_quick_needs_the_encoders_alone(asked):
    found = asked("Q4_K_M", mode="quick")

    assert {affine_256.encode, q6_k.encode, widen.largest} <= found
    assert add_moments not in found
    assert not asked("LOSSLESS") - {widen.f16, widen.largest}


@pytest.mark.parametrize("mode", ["auto", "best"])
def test_a_calibration_needs_its_own_kernels_too(asked, mode):
    found = asked("Q4_K_M", mode=mode)

    assert {affine_256.encode, add_moments} <= found
    assert add_moments not in asked("Q4_K_M", mode="auto", compatible="true")
    assert add_moments in asked("AWQ")


def test_a_matrix_of_importances_needs_other_encoders(asked, tmp_path):
    plain, weighted = asked("Q4_0", mode="quick"), asked("Q4_0", imatrix=str(tmp_path))

    assert plain < weighted


def test_every_encoder_is_known():
    assert ranges._ENCODERS.keys() == ranges._ENTRIES.keys() == ranges._WEIGHTED_ENTRIES.keys()

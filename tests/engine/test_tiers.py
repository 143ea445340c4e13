"""Every tier of instructions computes, encodes and chooses alike."""

import platform
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from llvmlite import binding
from tests.engine import tier_child

import octavo.engine
from octavo.engine.simd.tier import Tier, active_tier, available_tiers

OTHERS = [tier.name for tier in available_tiers() if tier != active_tier()]


@pytest.mark.parametrize("tier", OTHERS)
def test_another_tier_passes_the_same_tests_writes_the_same_bytes_and_chooses_the_same_tokens(tier, tmp_path):
    told, failures = tier_child.on_tier(tier, tmp_path / "child")

    assert not failures, failures
    assert told == [tier, *([] if tier == tier_child.WITH_DOTS_ALONE else tier_child.digest_lines())]


def test_dot_products_neither_encode_nor_choose_nor_attend():
    """Else what uses them must be asked of the tier that differs from AVX2 in nothing but these."""
    engine = Path(octavo.engine.__file__).parent
    using = {
        file.relative_to(engine).as_posix()
        for file in engine.rglob("*.py")
        if re.search(r"\bsimd(\.| import .*\b)dot\b", file.read_text(encoding="utf-8"))
    }

    assert using == {f"kernels/{each}.py" for each in ("matvec", "panel", "table4", "tile", "unpack")}


def test_avxvnni_is_avx2_with_dot_products(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(binding, "get_host_cpu_features", lambda: SimpleNamespace(get=lambda need: True))
    known = {each.name: each for each in available_tiers.__wrapped__()}
    asked = [name for name, what in vars(Tier).items() if isinstance(what, property)]

    with_dots, without = (
        {name: getattr(known[tier], name) for name in [*asked, "cpu"]} for tier in ("avxvnni", "avx2")
    )

    assert with_dots.pop("has_dots")
    assert not without.pop("has_dots")
    assert with_dots == without

"""The choice of the tier, and what the cache of compiled kernels is keyed by."""

import os
import subprocess
import sys

import pytest

from octavo.engine.simd import cache, tier

SHOW_KEY = "from octavo.engine.simd.cache import content_key; print(content_key())"


def told(code, wanted):
    environment = {**os.environ, "OCTAVO_TIER": wanted}
    child = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8", timeout=60
    )
    return child.returncode, child.stdout.strip(), child.stderr


def test_every_processor_can_run_the_portable_tier():
    assert tier.available_tiers()[-1].name == "portable"


def test_the_active_tier_is_the_chosen_one_or_else_the_fastest():
    wanted = os.environ.get("OCTAVO_TIER") or tier.available_tiers()[0].name

    assert tier.active_tier().name == wanted


def test_an_unknown_tier_is_refused_with_those_that_run_here():
    code = (
        "from octavo.engine.errors import OctavoError\n"
        "from octavo.engine.simd.tier import active_tier\n"
        "try: active_tier()\n"
        "except OctavoError as error: print(error, error.hint)"
    )

    status, said, _ = told(code, "avx1024")

    assert (status, "avx1024" in said, "portable" in said) == (0, True, True)


def test_numba_must_not_come_first():
    code = "import numba\n"
    code += "from octavo.engine.simd.tier import configure_numba; configure_numba()"

    status, _, complaint = told(code, "")

    assert status == 1
    assert "RuntimeError: numba was imported before" in complaint


def test_naming_the_tier_does_not_import_numba():
    code = "from octavo.engine.simd.tier import active_tier; active_tier()\n"
    code += "import sys; print('numba' in sys.modules, 'numpy' in sys.modules)"

    assert told(code, "")[1] == "False False"


def test_the_cache_key_is_stable_and_differs_between_tiers():
    keys = {each.name: told(SHOW_KEY, each.name)[1] for each in tier.available_tiers()}

    assert keys[tier.active_tier().name] == cache.content_key()
    assert len(set(keys.values())) == len(keys)


@pytest.mark.parametrize("name", ["avx512", "avxvnni", "avx2", "sse4"])
def test_a_tier_that_the_processor_lacks_is_not_offered(name, monkeypatch):
    from llvmlite import binding

    lacking = dict.fromkeys(binding.get_host_cpu_features(), False)
    monkeypatch.setattr(binding, "get_host_cpu_features", lambda: lacking)

    tiers = tier.available_tiers.__wrapped__()

    assert name not in [each.name for each in tiers]

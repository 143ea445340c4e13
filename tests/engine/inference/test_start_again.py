"""A session saved and restored goes on as if it had never ended."""

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.tiny_models import FAMILIES

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import OctavoError
from octavo.engine.inference.session import load_session
from octavo.engine.progress import finish

IDS = [int(each) for each in np.random.default_rng(5).integers(3, 200, 90)]


@pytest.fixture
def start(tmp_path):
    """Loads sessions of tiny models, and ends them."""
    started = []

    def load(family="llama", *, seed=0, **options):
        path = tmp_path / f"{family}-{seed}.gguf"
        if not path.exists():
            write_tiny_gguf(path, family, seed=seed)
        checkpoint = open_checkpoint(path)
        session = finish(load_session(checkpoint, n_threads=1, **options))
        started.append((session, checkpoint))
        return session

    yield load
    for session, checkpoint in started:
        session.close()
        checkpoint.close()


@pytest.mark.parametrize("kv_type", ["f16", "q8_0", "f32"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_next_logits_are_the_same(start, tmp_path, family, kv_type):
    before = start(family, kv_type=kv_type, context_tokens=128)
    finish(before.prefill(IDS))
    before.save(tmp_path / "saved")
    wanted = before.step(7).copy()
    after = start(family, kv_type=kv_type, context_tokens=128)

    n = after.restore(tmp_path / "saved")

    assert n == len(IDS)
    assert after.tokens == IDS
    assert (after.step(7) == wanted).all()


def test_only_used_positions_are_written(start, tmp_path):
    session = start(context_tokens=256)
    finish(session.prefill(IDS[:10]))
    session.save(tmp_path / "short")
    finish(session.prefill(IDS[10:]))
    session.save(tmp_path / "long")

    short, long = ((tmp_path / name).stat().st_size for name in ("short", "long"))

    assert short < long / 4
    assert sorted(each.name for each in tmp_path.iterdir() if each.suffix != ".gguf") == ["long", "short"]


def test_what_was_read_later_is_forgotten(start, tmp_path):
    session = start(context_tokens=128)
    finish(session.prefill(IDS[:40]))
    session.save(tmp_path / "saved")
    wanted = session.step(7).copy()
    finish(session.prefill(IDS[50:80]))

    assert session.restore(tmp_path / "saved") == 40
    assert (session.step(7) == wanted).all()


def test_another_models_cache_is_refused(start, tmp_path):
    one, other = start(), start(seed=1)
    finish(one.prefill(IDS))
    one.save(tmp_path / "saved")

    with pytest.raises(OctavoError, match="another model"):
        other.restore(tmp_path / "saved")

    assert other.tokens == []


@pytest.mark.parametrize("options", [{"kv_type": "q8_0"}, {"context_tokens": 128}])
def test_other_settings_are_refused(start, tmp_path, options):
    one, other = start(), start(**options)
    finish(one.prefill(IDS))
    one.save(tmp_path / "saved")

    with pytest.raises(OctavoError, match="saved with a context of 256 tokens in f16"):
        other.restore(tmp_path / "saved")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[:-1], "damaged"),
        (lambda data: data + b"?", "damaged"),
        (lambda data: data[:-2000] + b"?" + data[-1999:], "damaged"),
        (lambda data: data[:20], "no saved conversation"),
        (lambda data: b"", "no saved conversation"),
        (lambda data: data[:8] + b"\xff\xff\xff\xff" + data[12:], "no saved conversation"),
        (lambda data: data[:12] + b"[" * (len(data) - 12), "no saved conversation"),
        (lambda data: data.replace(b'"longest": 90', b'"longest": -9'), "no saved conversation"),
        (lambda data: data.replace(b'"longest": 90', b'"longest": 10'), "damaged"),
    ],
)
def test_a_damaged_file_is_refused_and_nothing_counts_as_read(start, tmp_path, damage, said):
    session = start()
    finish(session.prefill(IDS))
    session.save(tmp_path / "saved")
    (tmp_path / "saved").write_bytes(damage((tmp_path / "saved").read_bytes()))

    with pytest.raises(OctavoError, match=said):
        session.restore(tmp_path / "saved")

    assert session.tokens == []
    finish(session.prefill(IDS[:5]))


def test_a_folder_that_cannot_be_written_leaves_the_session_whole(start, tmp_path):
    session = start()
    finish(session.prefill(IDS))

    with pytest.raises(OSError, match="nowhere"):
        session.save(tmp_path / "nowhere" / "saved")

    assert session.tokens == IDS

"""A session's memory of what it read: kept, cut, begun again, stopped, refused."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from tests.engine.inference.sessions import after, session_of, some_ids, stepped
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder
from tests.fixtures.tiny_models import TINY

from octavo.engine.errors import OctavoError
from octavo.engine.progress import finish
from octavo.engine.stop import Stop

SMALL = replace(TINY, n_embedding=64, n_feed_forward=96, head_size=32, n_heads=4, n_kv_heads=2)
LONG = replace(SMALL, n_layers=6, context_length=4096)


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return write_tiny_gguf(tmp_path_factory.mktemp("llama") / "tiny.gguf", shape=SMALL, dtype="Q8_0")


@pytest.fixture(scope="module")
def windowed(tmp_path_factory):
    """Five layers of six see 32 tokens back."""
    folder = tmp_path_factory.mktemp("gemma3")
    return write_tiny_hf_folder(folder, "gemma3", shape=LONG, dtype="F32", config={"sliding_window": 32})


def fresh(path, ids, **options):
    """The logits after ``ids`` from a session that has read nothing else."""
    with session_of(path, **options) as session:
        return after(session, ids)


@pytest.mark.parametrize("n_threads", [2, 3])
def test_threads_do_not_change_a_bit(llama, n_threads):
    ids = some_ids(120, 200)
    found = []
    for n in (1, n_threads):
        with session_of(llama, n_threads=n) as session:
            found.append((finish(session.logits(ids[:90])), stepped(session, ids[90:])))

    assert (found[0][0] == found[1][0]).all()
    assert (found[0][1] == found[1][1]).all()


@pytest.mark.parametrize("n_threads", [2, 3, 8])
def test_threads_that_cut_a_long_context_change_almost_nothing(windowed, n_threads):
    ids = some_ids(700, 200)
    found = []
    for n in (1, n_threads):
        with session_of(windowed, n_threads=n, context_tokens=1024, kv_type="f32") as session:
            finish(session.prefill(ids[:690]))
            found.append(stepped(session, ids[690:]))

    assert np.abs(found[0] - found[1]).max() < 5e-5


def test_a_kept_beginning_gives_the_logits_of_a_fresh_session(llama):
    first, second = some_ids(100, 200), some_ids(100, 200, seed=1)
    other = first[:40] + second[:30]
    with session_of(llama) as session:
        finish(session.prefill(first))

        assert session.keep(other) == 40
        assert session.tokens == first[:40]
        row = after(session, other[40:])

    assert np.abs(row - fresh(llama, other)).max() < 1e-4


def test_the_last_token_of_a_prompt_is_read_again_for_its_logits(llama):
    ids = some_ids(20, 200)
    with session_of(llama) as session:
        finish(session.prefill(ids))

        assert session.keep(ids) == 19
        assert session.keep(ids[:1]) == 0


def test_rings_keep_what_they_can_and_begin_again_where_they_cannot(windowed):
    ids = some_ids(1500, 200)
    options = {"context_tokens": 1600, "kv_type": "f32"}
    with session_of(windowed, **options) as session:
        finish(session.prefill(ids))

        assert session.truncate(1499) == 1499
        assert session.truncate(1100) == 1100
        row = after(session, ids[1100:1200])
        assert np.abs(row - fresh(windowed, ids[:1200], **options)).max() < 1e-4

        assert session.truncate(300) == 0
        assert session.tokens == []
        row = after(session, ids[:50])
        assert np.abs(row - fresh(windowed, ids[:50], **options)).max() < 1e-4


def test_any_history_of_cuts_gives_the_logits_of_a_fresh_session(windowed):
    random = np.random.default_rng(0)
    options = {"context_tokens": 900, "kv_type": "f32"}
    with session_of(windowed, **options) as session, session_of(windowed, **options) as other:
        for turn in range(25):
            before = session.tokens[: int(random.integers(0, len(session.tokens) + 1))]
            wanted = before + some_ids(int(random.integers(1, 900 - len(before))), 200, seed=turn)
            row = after(session, wanted[session.keep(wanted) :])
            other.truncate(0)
            assert session.tokens == wanted
            assert np.abs(row - after(other, wanted)).max() < 1e-4


def test_all_logits_may_be_asked_for_between_steps(llama):
    ids = some_ids(100, 200)
    with session_of(llama) as session:
        stepped(session, some_ids(5, 200, seed=1))
        everything = finish(session.logits(ids))
        row = session.step(7).copy()

    assert np.abs(everything[-1] - fresh(llama, ids)).max() < 1e-4
    assert np.abs(row - fresh(llama, [*ids, 7])).max() < 1e-4


@pytest.mark.parametrize("ids", [[-1], [10**6], [3, 2, -5], [2**40]])
def test_ids_outside_the_vocabulary_are_refused_before_anything_is_read(llama, ids):
    with session_of(llama) as session:
        with pytest.raises(OctavoError, match="outside the model's vocabulary"):
            finish(session.prefill(ids))
        with pytest.raises(OctavoError, match="outside the model's vocabulary"):
            finish(session.logits(ids))
        with pytest.raises(OctavoError, match="outside the model's vocabulary"):
            session.step(ids[-1])

        assert session.tokens == []


def test_more_than_the_context_holds_is_refused_with_both_numbers(llama):
    with session_of(llama, context_tokens=50) as session:
        finish(session.prefill(some_ids(40, 200)))

        with pytest.raises(OctavoError, match=r"takes 11 tokens, and 10 of 50 are left") as refusal:
            finish(session.prefill(some_ids(11, 200)))
        assert "longer context" in refusal.value.hint

        finish(session.prefill(some_ids(10, 200)))
        with pytest.raises(OctavoError, match="0 of 50"):
            session.step(1)


@pytest.mark.parametrize("context_tokens", [1, 2, 15, 17])
def test_the_shortest_contexts_work_to_their_last_token(llama, context_tokens):
    ids = some_ids(context_tokens, 200)
    with session_of(llama, context_tokens=context_tokens) as session:
        row = after(session, ids)

    assert np.abs(row - fresh(llama, ids)).max() < 1e-4


def test_a_stop_ends_a_long_prefill_early_and_the_session_goes_on(windowed):
    ids = some_ids(4000, 200)
    with session_of(windowed, context_tokens=4096, kv_type="f32", n_threads=2) as session:
        done = threading.Event()

        def keep_stopping():
            while not done.is_set():
                session.stop()

        stopper = threading.Thread(target=keep_stopping)
        with session.stopped_by(Stop()):
            stopper.start()
            finish(session.prefill(ids))
            done.set()
            stopper.join()
        assert len(session.tokens) < len(ids)

        row = after(session, ids[session.keep(ids[:60]) : 60])

    assert np.abs(row - fresh(windowed, ids[:60], kv_type="f32")).max() < 1e-4


def test_a_stop_while_nothing_runs_ends_the_next_step_alone(llama):
    ids = some_ids(60, 200)
    with session_of(llama, n_threads=2) as session:
        session.stop()
        finish(session.prefill(ids))
        assert session.tokens == []

        row = after(session, ids)

    assert np.abs(row - fresh(llama, ids)).max() < 1e-4


def test_logits_in_pieces_are_those_of_the_whole_from_any_token_on(llama):
    ids = some_ids(150, 200)
    with session_of(llama) as session:
        whole = finish(session.logits(ids))
        for first in (0, 37, 149):
            pieces = np.concatenate([rows.copy() for rows in session.each_logits(ids, first)])
            assert np.abs(pieces - whole[first:]).max() < 2e-3  # pieces end elsewhere, sums round otherwise


def test_stopped_logits_are_refused_instead_of_made_up(llama):
    with session_of(llama) as session:
        session.stop()
        with pytest.raises(OctavoError, match="stopped"):
            finish(session.logits(some_ids(200, 200)))

        assert session.step(7).shape == (session.shape.n_vocabulary,)


def test_closed_sessions_leave_no_thread(llama):
    with session_of(llama, n_threads=3) as session:
        finish(session.prefill([1, 2, 3]))
        session.close()

    assert [each for each in threading.enumerate() if each.name.startswith("octavo")] == []

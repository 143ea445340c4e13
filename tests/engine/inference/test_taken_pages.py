"""The first prompt meets no page that the system has yet to give."""

import mmap
import resource

import numpy as np
from tests.fixtures.cards import card

from octavo.engine.inference.memory import KvCache, make_rows
from octavo.engine.kernels import weights

CONTEXT = 1024


def faults_of(work):
    """Pages that the system gave meanwhile."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def write(memory):
    memory[:: mmap.PAGESIZE] = 1


def test_a_buffer_has_its_pages_from_the_start():
    made = make_rows(512, 2000)
    assert made.memory.size > 200 * mmap.PAGESIZE

    assert faults_of(lambda: write(made.memory)) < 20


def test_the_places_of_the_first_batch_in_a_cache_have_their_pages_from_the_start(monkeypatch):
    monkeypatch.setattr(weights, "_HUGE_PAGE", 1 << 60)  # of which a few would hold all
    made = KvCache(card().hyperparameters, CONTEXT, "f32")
    parts = [np.frombuffer(each, np.uint8) for each in made.used_parts(512)]
    assert sum(each.size for each in parts) > 200 * mmap.PAGESIZE

    assert faults_of(lambda: [write(each) for each in parts]) < 20

"""Whatever happens to the bytes of a model, only sentences for people come out."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder
from tests.fixtures.tiny_models import Shape

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import OctavoError
from octavo.engine.tokenizer.load import load_tokenizer

SMALL = Shape(n_layers=1, n_embedding=8, n_feed_forward=8, n_heads=2, n_kv_heads=1, head_size=4)
QUICK = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return write_tiny_gguf(tmp_path_factory.mktemp("fuzz") / "m.gguf", shape=SMALL).read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_hf_folder(tmp_path_factory.mktemp("fuzz") / "hf", shape=SMALL)


def refusal_of(path):
    """The message of the refusal, or an empty one after every tensor and a text were read."""
    try:
        with contextlib.closing(open_checkpoint(path)) as model:
            for info in model.card.tensors:
                assert model.read(info.name).nbytes == info.n_bytes
            tokenizer = load_tokenizer(model)
            tokenizer.decode(tokenizer.encode("Hello, 12 é"))
    except OctavoError as error:
        return error.message
    return ""


def is_sentence(message):
    return len(message) <= 300 and message.isprintable()


@QUICK
@given(flips=st.lists(st.tuples(st.integers(0, 12_000), st.integers(1, 255)), min_size=1, max_size=6))
def test_flipped_bytes_of_a_gguf_file(tmp_path, original, flips):
    raw = bytearray(original)
    for place, change in flips:
        raw[place % len(raw)] ^= change
    (tmp_path / "m.gguf").write_bytes(raw)

    assert is_sentence(refusal_of(tmp_path / "m.gguf"))


@QUICK
@given(
    place=st.integers(0, 12_000),
    count=st.sampled_from([0, 1, 2**15, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1]),
)
def test_a_lying_number_anywhere_in_a_gguf_file(tmp_path, original, place, count):
    raw = bytearray(original)
    place %= len(raw) - 8
    raw[place : place + 8] = count.to_bytes(8, "little")
    (tmp_path / "m.gguf").write_bytes(raw)

    assert is_sentence(refusal_of(tmp_path / "m.gguf"))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=3,
)


@QUICK
@given(
    name=st.sampled_from(["config.json", "tokenizer.json", "tokenizer_config.json"]),
    choice=st.integers(0, 200),
    value=JSON,
)
def test_a_strange_value_anywhere_in_a_folder(folder, name, choice, value):
    original = (folder / name).read_text(encoding="utf-8")
    content = json.loads(original)
    places = [(content, key) for key in content]
    places += [(inner, key) for inner in content.values() if isinstance(inner, dict) for key in inner]
    holder, key = places[choice % len(places)]
    holder[key] = value
    (folder / name).write_text(json.dumps(content))
    try:
        assert is_sentence(refusal_of(folder))
    finally:
        (folder / name).write_text(original, encoding="utf-8")

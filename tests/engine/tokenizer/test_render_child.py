import io
import json

import pytest

from octavo.engine.tokenizer import render_child


def answers(*requests, **variables):
    lines = b"".join(
        json.dumps({"source": each, "variables": variables}).encode() + b"\n" for each in requests
    )
    out = io.BytesIO()
    render_child.serve(io.BytesIO(lines), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_request_has_one_answer():
    assert answers("{{ x }}", "{{ raise_exception('no') }}", x="é") == [{"text": "é"}, {"refused": "no"}]


def test_a_mistake_of_the_template_is_an_answer_too():
    (answer,) = answers("{{ 1 + '' }}")

    assert answer["failed"].startswith("TypeError")


def test_half_a_character_passes_through_the_pipe():
    assert answers("{{ '\\ud800' }}") == [{"text": "\ud800"}]


@pytest.mark.parametrize(
    ("error", "word"), [(MemoryError, "memory"), (RecursionError, "it is nested too deeply")]
)
def test_exhaustion_is_told_by_its_kind(monkeypatch, error, word):
    def exhausted(*_):
        raise error

    monkeypatch.setattr(render_child.TemplateSandbox, "render_bounded", exhausted)

    assert answers("x") == [{"failed": word}]

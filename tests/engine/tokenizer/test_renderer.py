import gc

import pytest

from octavo.engine.tokenizer import renderer as renderer_module
from octavo.engine.tokenizer.renderer import Renderer, TemplateFailed

# Each would hang, or eat all memory, in a process without limits.
BOMBS = {
    "multiplied text": "{{ 'a' * 999999999 }}",
    "multiplied list": "{{ [0] * 999999999 }}",
    "power": "{{ 9 ** 999999 ** 2 }}",
    "product": "{% set n = namespace(n=9) %}{% for i in range(60) %}{% set n.n = n.n * n.n %}{% endfor %}{{ n.n }}",
    "sum": "{% set n = namespace(s='aa') %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s }}",
    "padding operator": "{{ '%999999999d' % 1 }}",
    "star padding": "{{ '%*d' % (999999999, 1) }}",
    "padding format": "{{ '{:>999999999}'.format(1) }}",
    "padding method": "{{ 'a'.center(999999999) }}",
    "replacing": "{{ ('a' * 100000).replace('a', 'b' * 100000) }}",
    "joining": "{{ ('b' * 100000).join(['a'] * 100000) }}",
    "long range": "{{ range(999999999) | list }}",
    "long output": "{% for i in range(99999) %}{{ 'a' * 1000 }}{% endfor %}",
    "brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "blocks": "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "unclosed": "{{ " + "[" * 50 + "{" * 50,
    "negations": "{{ " + "not " * 20000 + "1 }}",
    "long source": "x" * 256_001,
    "json": "{{ messages | tojson(indent=999999999) }}",
    "date": "{{ strftime_now('%A' * 999) }}",
}
ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ messages.__init__.__globals__ }}",
    "{{ messages | attr('__class__') | list }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ messages.append(1) }}",
    "{{ raise_exception.__globals__ }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{{ lipsum() }}",
    "{{ cycler(1) }}",
    "{{ joiner() }}",
    "{{ open('/etc/passwd') }}",
]


@pytest.fixture(scope="module")
def renderer():
    with Renderer() as kept:
        yield kept


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_are_refused_in_a_sentence(renderer, source):
    with pytest.raises(TemplateFailed, match="The chat template") as caught:
        renderer.render(source, {"messages": []})

    assert len(caught.value.message) < 300
    assert "built-in" in caught.value.hint


@pytest.mark.parametrize("source", ESCAPES)
def test_what_reaches_outside_is_refused_or_shows_nothing(renderer, source):
    try:
        shown = renderer.render(source, {"messages": []})
    except TemplateFailed:
        return
    assert shown in ("", "{}", "[]")


@pytest.mark.parametrize(
    "source", ["{{ x", "{% if %}", "{{ 1 / 0 }}", "{{ nothing.at.all }}", "{{ '\\ud800' }}{{ 1 + '' }}"]
)
def test_broken_templates_are_refused_in_a_sentence(renderer, source):
    with pytest.raises(TemplateFailed, match="does not work"):
        renderer.render(source, {})


def test_the_process_answers_again_after_a_refusal(renderer):
    with pytest.raises(TemplateFailed):
        renderer.render("{{ x", {})

    assert renderer.render("{{ x }}", {"x": "fine"}) == "fine"


def test_one_template_leaves_nothing_behind_for_the_next(renderer):
    renderer.render("{% set x = 1 %}{% macro m() %}{% endmacro %}{{ x }}", {"messages": [1]})

    assert (
        renderer.render("{{ x is defined }}{{ m is defined }}{{ messages is defined }}", {})
        == "FalseFalseFalse"
    )


def test_a_rendering_that_lasts_too_long_is_ended_and_the_next_one_works(monkeypatch):
    loop = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    with Renderer() as renderer:
        renderer.render("", {})
        with monkeypatch.context() as hurried:
            # What must succeed has the usual time: a busy machine may well take longer than this one.
            hurried.setattr("octavo.engine.tokenizer.renderer._WALL_SECONDS", 0.3)
            with pytest.raises(TemplateFailed, match="too long"):
                renderer.render(loop, {})

        assert renderer.render("again", {}) == "again"


def test_a_process_that_cannot_be_talked_to_is_replaced():
    with Renderer() as renderer:
        renderer.render("", {})
        assert renderer._process is not None
        renderer._process.kill()
        renderer._process.wait()

        assert renderer.render("again", {}) == "again"


def test_the_process_ends_with_its_renderer():
    renderer = Renderer()
    renderer.render("", {})
    process = renderer._process
    assert process is not None

    del renderer
    gc.collect()

    assert process.poll() is not None


def test_the_process_does_not_import_from_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "jinja2.py").write_text("raise SystemExit('planted')")
    monkeypatch.chdir(tmp_path)

    with Renderer() as renderer:
        assert renderer.render("fine", {}) == "fine"


def test_words_of_a_template_are_shown_on_one_short_line(renderer):
    with pytest.raises(renderer_module.ConversationRefused) as caught:
        renderer.render("{{ raise_exception('a\\n\\u001b[31m\\u202eb' ~ 'x' * 999) }}", {})

    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300

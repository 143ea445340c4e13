"""The README keeps its word: its commands exist, its links lead somewhere, its plugin works."""

import re
import shlex
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import typer

from octavo.api import MixtureQuantizer, decode
from octavo.cli.main import command_line
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.estimate.file_size import predicted_bytes
from octavo.plugin.host import PluginHost
from octavo.store.library import demo_model

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SET_UP = "python3 -m venv .venv && .venv/bin/pip install -e "


def blocks(language):
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return [block for name, block in fenced if name == language]


def shell_lines():
    return [line for block in blocks("sh") for line in block.splitlines()]


def octavo_lines():
    return [line for line in shell_lines() if line.startswith(".venv/bin/octavo ")]


def test_one_line_sets_up_and_runs_and_one_sets_up_and_tests():
    lines = shell_lines()[:2]

    assert lines == [SET_UP + ". && .venv/bin/octavo", SET_UP + "'.[dev]' && .venv/bin/pytest -n 2"]
    assert "octavo" in PROJECT["scripts"]
    needed = [each.partition(">")[0] for each in PROJECT["optional-dependencies"]["dev"]]
    assert {"pytest", "pytest-xdist"} <= set(needed)


def test_the_checks_run_the_same_test_command_in_an_environment_of_their_own():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    assert shell_lines()[1].replace(".venv", ".ci-venv") in script


def test_the_checks_install_the_system_packages_that_are_named():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    wanted = re.search(r'^packages="(.*)"$', script, re.MULTILINE)

    assert f"sudo apt-get install {wanted[1]}" in shell_lines()


@pytest.mark.parametrize("line", octavo_lines())
def test_commands_and_their_options_exist(line):
    _, name, *arguments = shlex.split(line)
    command = typer.main.get_command(command_line()).commands[name]

    context = command.make_context(name, arguments)

    assert context.params["model"] == "demo"


def test_all_commands_are_named():
    missing = [name for name in typer.main.get_command(command_line()).commands if f"`{name}`" not in TEXT]

    assert [name for name in missing if f"octavo {name} " not in TEXT] == []


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT))
def test_links_lead_somewhere(target):
    assert (ROOT / target).is_file()


def test_the_layout_names_what_is_there():
    (layout,) = blocks("")
    parents = []
    for line in layout.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        parents = [*parents[:depth], name]
        assert (ROOT / "/".join(parents)).exists(), line


def test_the_scripts_that_measure_are_there():
    assert [
        each for each in set(re.findall(r"tests/benchmarks/\w+\.py", TEXT)) if not (ROOT / each).is_file()
    ] == []


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """The README's plugin, installed the way pip does: a package, and its metadata on the path."""
    (source,) = blocks("python")
    project = tomllib.loads(blocks("toml")[0])["project"]
    ((name, module),) = project["entry-points"]["octavo"].items()
    (tmp_path / module).mkdir()
    (tmp_path / module / "__init__.py").write_text(source, encoding="utf-8")
    info = tmp_path / f"{module}-{project['version']}.dist-info"
    info.mkdir()
    facts = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(facts, encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[octavo]\n{name} = {module}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(module, None)


def test_the_plugin_is_short():
    (source,) = blocks("python")
    code = [line for line in source.splitlines() if line.strip() and '"""' not in line]

    assert len(code) <= 20


def test_the_plugin_plans_the_demo_model_and_encodes_its_weights(plugin):
    host = PluginHost({plugin})
    quantizer = host.quantizer("q5_k_l")
    checkpoint = open_checkpoint(demo_model())
    card = checkpoint.card

    plan = quantizer.plan(card.tensors, None)

    assert {each.name for each in plan.types.values()} == {"Q8_0", "Q5_K", "F32"}
    sizes = [
        predicted_bytes(card, host.quantizer(each).plan(card.tensors, None)) for each in ("Q5_K_S", "Q8_0")
    ]
    assert sizes[0] < predicted_bytes(card, plan) < sizes[1]
    name = "blk.0.ffn_up.weight"
    weights = checkpoint.read(name, 0, 4).view(np.float16).astype(np.float32)
    back = decode(quantizer.encode(weights, plan.types[name], None), plan.types[name])
    checkpoint.close()
    assert np.abs(back - weights).max() < 0.1 * np.abs(weights).max()


def test_the_shorter_way_to_write_it_makes_the_same_plan(plugin):
    (longer,) = [each for each in PluginHost({plugin}).quantizers() if each.name == "Q5_K_L"]
    checkpoint = open_checkpoint(demo_model())
    tensors = checkpoint.card.tensors
    checkpoint.close()

    shorter = MixtureQuantizer("Q5_K_L", "its summary", sys.modules["octavo_q5_k_l"].MIXTURE)

    assert shorter.plan(tensors) == longer.plan(tensors, None)

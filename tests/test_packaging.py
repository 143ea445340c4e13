"""What installs Octavo elsewhere keeps up with pyproject.toml: every dependency pinned, with its files' hashes."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LINES = (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
PINS = [line for line in LINES if line and not line.startswith("#")]


def wanted():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(each) for each in project["dependencies"] + project["optional-dependencies"]["dev"]]


def test_every_pin_is_one_version_with_hashes_and_tells_no_address():
    strange = [
        pin
        for pin in PINS
        if not re.fullmatch(r"[\w.-]+==[\w.!+]+( ; [^;]+?)?( +--hash=sha256:[0-9a-f]{64})+", pin.strip())
    ]

    assert strange == []


def test_every_dependency_is_pinned_to_a_version_that_is_allowed():
    versions = {}
    for pin in PINS:
        name, version = re.match(r"([\w.-]+)==(\S+)", pin).groups()
        versions.setdefault(canonicalize_name(name), []).append(version)

    for each in wanted():
        pinned = versions.get(canonicalize_name(each.name))
        assert pinned, f"{each} is not pinned"
        assert all(each.specifier.contains(version) for version in pinned), f"{each} is pinned to {pinned}"

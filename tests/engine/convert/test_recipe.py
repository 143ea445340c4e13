import contextlib
import hashlib
import json
from dataclasses import dataclass, replace

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder

from octavo.engine.blocks.codec import encode
from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.convert import convert, predicted_bytes
from octavo.engine.convert.output import Output, OutputFile
from octavo.engine.convert.recipe import identity
from octavo.engine.progress import finish
from octavo.engine.quantize.options import build_options
from octavo.plugin.host import PluginHost

Q8_0 = PluginHost().quantizer("Q8_0")


@dataclass(frozen=True)
class Choices:
    text: str = ""
    note: str = "short"


class WithFiles:
    name, summary, format, Options = "WITH_FILES", "Takes a file.", "gguf", Choices

    def plan(self, tensors, options):
        return Q8_0.plan(tensors, None)

    def encode(self, weights, kind, importance):
        return encode(weights, kind)


@pytest.fixture
def source(tmp_path):
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "model.gguf"))) as checkpoint:
        yield checkpoint


def converted(source, target, quantizer=Q8_0, options=None):
    report = finish(convert(source, quantizer, options, target))
    with contextlib.closing(open_checkpoint(target)) as result:
        return report, {key: field.value for key, field in result.fields.items() if key.startswith("octavo.")}


def test_the_file_tells_how_it_was_made_and_from_what(source, tmp_path):
    report, told = converted(source, tmp_path / "new.gguf")

    sha256 = hashlib.sha256(source.path.read_bytes()).hexdigest()
    recipe = json.loads(told["octavo.recipe"])
    assert told["octavo.source.sha256"] == report.source_sha256 == sha256
    assert recipe["quantizer"] == "Q8_0"
    assert recipe["plugin"].startswith("q8_0 ")
    assert (recipe["source"], recipe["files"], recipe["mode"]) == ("model.gguf", 1, "quick")


def test_of_several_files_the_digest_is_that_of_their_list(tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "model", shards=2)
    with contextlib.closing(open_checkpoint(folder)) as source:
        _, told = converted(source, tmp_path / "new.gguf")
        lines = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in source.files()]

    assert len(lines) == 2
    assert told["octavo.source.sha256"] == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_the_same_conversion_gives_the_same_bytes_when_the_source_is_known(source, tmp_path):
    first, _ = converted(source, tmp_path / "one.gguf")
    second, _ = converted(source, tmp_path / "two.gguf")

    assert first.sha256 == second.sha256
    assert (tmp_path / "one.gguf").read_bytes() == (tmp_path / "two.gguf").read_bytes()


def test_folders_of_this_computer_are_not_told(source, tmp_path):
    (tmp_path / "text.txt").write_text("calibrate")
    report, told = converted(
        source, tmp_path / "new.gguf", WithFiles(), Choices(text=str(tmp_path / "text.txt"))
    )

    assert json.loads(told["octavo.recipe"])["options"]["text"] == "text.txt"
    assert str(tmp_path) not in told["octavo.recipe"]
    assert report.file_bytes == report.predicted_bytes


def test_a_recipe_that_is_too_long_loses_its_longest_part_and_no_byte_of_size(source, tmp_path):
    report, told = converted(source, tmp_path / "new.gguf", WithFiles(), Choices(note="n" * 5000))

    assert "options" not in json.loads(told["octavo.recipe"])
    assert report.file_bytes == report.predicted_bytes


def test_a_converted_file_converted_again_tells_of_its_last_making_alone(source, tmp_path):
    converted(source, tmp_path / "new.gguf")
    with contextlib.closing(open_checkpoint(tmp_path / "new.gguf")) as again:
        report, told = converted(again, tmp_path / "again.gguf", PluginHost().quantizer("Q4_K_M"))

    recipe = json.loads(told["octavo.recipe"])
    assert (recipe["quantizer"], recipe["source"]) == ("Q4_K_M", "new.gguf")
    assert told["octavo.source.sha256"] == hashlib.sha256((tmp_path / "new.gguf").read_bytes()).hexdigest()
    assert report.file_bytes == report.predicted_bytes


def test_a_compatible_file_tells_nothing(source, tmp_path):
    options = build_options(Q8_0, {"compatible": True})
    report, told = converted(source, tmp_path / "new.gguf", Q8_0, options)

    assert told == {}
    assert report.source_sha256 == ""
    assert report.file_bytes == report.predicted_bytes
    plan = Q8_0.plan(source.tensors, options)
    assert report.file_bytes == predicted_bytes(source.card, plan)
    assert report.sha256 == hashlib.sha256((tmp_path / "new.gguf").read_bytes()).hexdigest()


def test_a_conversion_over_damage_is_another_one(source, tmp_path):
    identities = []
    for goes_on in (False, True):
        wish = Output(Q8_0, None, tmp_path / "new.gguf")
        made = OutputFile(source, wish, source_sha256="", force=False, goes_on=goes_on)
        with contextlib.closing(made):
            identities.append(made._identity())

    assert identities[0] != identities[1]


def test_other_types_are_another_conversion(source):
    def plan_of(kind):
        planned = [replace(each, block_type=block_type(kind)) for each in source.tensors]
        return identity(source, Q8_0, None, {}, planned, mode="quick")["plan"]

    assert plan_of("INT4_G32") != plan_of("INT4_G64")
    assert plan_of("Q8_0") == plan_of("Q8_0")

import contextlib

import pytest
from tests.fixtures.cards import card
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder

from octavo.plugin.host import PluginHost


@pytest.fixture
def host():
    return PluginHost(safe_mode=True)


def test_each_container_is_recognised_by_its_own_format_and_opened(host, tmp_path):
    file = write_tiny_gguf(tmp_path / "model.gguf")
    folder = write_tiny_hf_folder(tmp_path / "folder")

    for path, name in ((file, "GGUF"), (folder, "Hugging Face")):
        (found,) = [each for each in host.formats() if each.recognizes(path)]
        assert found.name == name
        with contextlib.closing(found.open(path)) as checkpoint:
            assert checkpoint.hyperparameters.architecture == "llama"


def test_what_is_no_model_is_recognised_by_none(host, tmp_path):
    (tmp_path / "notes.gguf").write_text("not a model")

    for path in (tmp_path, tmp_path / "notes.gguf", tmp_path / "missing"):
        assert not any(each.recognizes(path) for each in host.formats())


def test_the_backend_runs_known_families_in_types_that_have_kernels(host):
    (backend,) = host.backends()

    assert backend.can_run(card())
    assert not backend.can_run(card(kind="TQ1_0", width=768, heads=12))


def test_the_backend_loads_a_session(host, tmp_path):
    (backend,) = host.backends()
    with contextlib.closing(host.formats()[0].open(write_tiny_gguf(tmp_path / "model.gguf"))) as checkpoint:
        work = backend.load(checkpoint, context_tokens=64, n_threads=1)
        with contextlib.closing(work):
            assert next(work).label

"""What a conversion's file or folder is called by default."""

import pytest

from octavo.gui.listed_model import Model
from octavo.gui.pages.targets import default_name
from octavo.store.library import ModelEntry, demo_model


@pytest.mark.parametrize(
    ("path", "quantizer", "layout", "name"),
    [
        ("/m/Llama 3.gguf", "Q4_K_M", "", "llama-3-q4_k_m.gguf"),
        ("/m/Llama-Q8_0.gguf", "Q4_K_M", "", "llama-q4_k_m.gguf"),
        ("/m/Llama-Q8_0-00001-of-00003.gguf", "Q4_K_M", "", "llama-q4_k_m.gguf"),
        ("/m/Llama", "AWQ", "awq", "llama-awq.gguf"),
        ("/m/Llama", "AWQ", "compressed-tensors", "llama-awq-compressed-tensors.gguf"),
        (str(demo_model()), "Q4_K_M", "", "octavo-demo-q4_k_m.gguf"),
    ],
)
def test_the_name_tells_model_format_and_layout(path, quantizer, layout, name):
    model = Model(ModelEntry(path=path, source="Added", name="Llama", bytes=1))

    assert default_name(model, quantizer, layout) == name

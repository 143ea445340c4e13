"""A Hugging Face folder as a checkpoint in GGUF's terms, translated while it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.card import FILE_TYPES, make_card
from octavo.engine.checkpoint.families.family import Family
from octavo.engine.checkpoint.hf_config import Config
from octavo.engine.checkpoint.hf_experts import expert_names
from octavo.engine.checkpoint.hf_families import family_of, gguf_name
from octavo.engine.checkpoint.hf_general import general_fields
from octavo.engine.checkpoint.hf_parameters import parameter_fields
from octavo.engine.checkpoint.hf_rope import rope_tensors
from octavo.engine.checkpoint.hf_tensor import HfTensor
from octavo.engine.checkpoint.hf_tensors import translate
from octavo.engine.checkpoint.hf_tokenizer import tokenizer_fields
from octavo.engine.checkpoint.hyperparameters import read_hyperparameters
from octavo.engine.checkpoint.int4_parts import Sources
from octavo.engine.checkpoint.json_files import JsonObject, read_json, read_json_if_there
from octavo.engine.checkpoint.model import Field, ModelCard, TensorInfo
from octavo.engine.checkpoint.needed_tensors import check_tensors
from octavo.engine.checkpoint.not_models import check_folder
from octavo.engine.checkpoint.outgoing import QUANTIZATION_VERSION
from octavo.engine.checkpoint.packed_matrix import PackedTensor
from octavo.engine.checkpoint.quantized_folder import NAMES, joined_matrices, quant_method
from octavo.engine.checkpoint.refusals import shown, unreadable
from octavo.engine.checkpoint.safetensors_header import Entry, read_entries
from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.checkpoint.vocabulary import check_vocabulary
from octavo.engine.checkpoint.weight_files import weight_files

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# llama.cpp's converter writes it with the tensors, before it knows the rest.
_EARLY = ".rope.scaling.attn_factor"
# llama.cpp's LLAMA_FTYPE_GUESSED alone: 4-bit groups have no number. A conversion writes its own.
_NO_FILE_TYPE = 1024


@dataclass(frozen=True)
class Origin:
    """What a tensor is in the folder: its name, or one for each expert, and what was done to it, as in ``HfTensor``."""

    names: tuple[str, ...]
    paired_heads: int
    shift: float


class SafetensorsFolder:
    """An open Hugging Face folder; see ``Checkpoint`` in ``model.py`` for what each member means.

    Raises
    ------
    UnreadableModel, UnsupportedModel
        When it is opened, if a file is missing or wrong, or the model of a kind not known yet.
    """

    container = "safetensors"

    def __init__(self, path: Path) -> None:
        self.path = path
        with ExitStack() as opening:
            self._open(opening)
            self._files = opening.pop_all()

    def _open(self, opening: ExitStack) -> None:
        path = self.path
        check_folder(path)
        content = read_json(path / "config.json")
        bare = Config(path / "config.json", content)
        family = family_of(bare)
        config = Config(path / "config.json", content, family.defaults)
        self._method = quant_method(bare)
        self._sources = [opening.enter_context(SourceFile(each)) for each in weight_files(path)]
        n_heads = config.integer("num_attention_heads")
        n_kv_heads = config.integer("num_key_value_heads", n_heads)
        sources = joined_matrices(path, self._method, _entries(path, self._sources))
        self._translated = translate(path, family, sources, n_heads, n_kv_heads)
        self._names = _names(family, sources)
        self._experts = expert_names(sources) if family.has_experts else {}
        if config.flag("tie_word_embeddings"):
            self._translated.pop("output.weight", None)
        self._made = rope_tensors(config, family)
        made = [TensorInfo(name, each.shape, block_type("F32")) for name, each in self._made.items()]
        self.tensors = [*made, *(tensor.info for tensor in self._translated.values())]
        self._by_name = {info.name: info for info in self.tensors}
        self.fields = self._read_fields(family, config, content)
        self.hyperparameters = read_hyperparameters(path, self.fields, self.tensors)
        self._unused = check_tensors(path, self.hyperparameters, self.tensors)
        self._tokenizer = check_vocabulary(path, self.fields, self.hyperparameters.n_vocabulary)

    def _read_fields(self, family: Family, config: Config, content: JsonObject) -> dict[str, Field]:
        """The metadata that llama.cpp's converter would write."""
        path, name = self.path, family.architecture
        parameters = parameter_fields(config, family, _file_type(self.tensors))
        generation = read_json_if_there(path / "generation_config.json")
        embedding = self._by_name.get("token_embd.weight")
        return {
            "general.architecture": Field("string", name),
            **{key: field for key, field in parameters.items() if key.endswith(_EARLY)},
            **general_fields(path, name, content, generation, self.tensors),
            **parameters,
            "general.quantization_version": Field("uint32", QUANTIZATION_VERSION),
            **tokenizer_fields(path, family, content, embedding.rows if embedding else 0),
        }

    @cached_property
    def card(self) -> ModelCard:
        """The description for people and for estimates."""
        card = make_card(
            self.path,
            self.container,
            self.fields,
            self.tensors,
            self.hyperparameters,
            file_bytes=sum(file.size for file in self._sources),
            tokenizer=self._tokenizer,
            unused=self._unused,
        )
        return replace(card, type_name=NAMES[self._method]) if self._method else card

    @property
    def origins(self) -> Mapping[str, Origin]:
        """Where tensors come from, by their GGUF names; experts that the folder itself stacks have none."""
        found = {}
        for name, original in self._names.items():
            tensor = self._translated.get(name)
            if isinstance(tensor, (HfTensor, PackedTensor)):
                found[name] = Origin((original,), tensor.paired_heads, tensor.shift)
        return found | {name: Origin(names, 0, 0.0) for name, names in self._experts.items()}

    @property
    def leaves_out(self) -> bool:
        """Whether the files hold parts of the model that are not shown, such as what sees pictures."""
        return "" in self._names

    def tensor(self, name: str) -> TensorInfo | None:
        """The tensor of that name, or None."""
        return self._by_name.get(name)

    def read(self, name: str, first_row: int = 0, n_rows: int | None = None) -> npt.NDArray[np.uint8]:
        """Rows of a tensor, translated, as uint8[rows, row_bytes]."""
        import numpy as np

        count = self._by_name[name].count_rows(first_row, n_rows)
        if name in self._made:
            return self._made[name].reshape(1, -1).view(np.uint8)[first_row : first_row + count].copy()
        return self._translated[name].read(first_row, count)

    def files(self) -> Sequence[Path]:
        """The weight files."""
        return [file.path for file in self._sources]

    def unchanged(self) -> bool:
        """Whether the weight files are still those that were opened."""
        return all(file.unchanged() for file in self._sources)

    def close(self) -> None:
        """Close the files."""
        self._files.close()


def _entries(folder: Path, files: Sequence[SourceFile]) -> dict[str, tuple[SourceFile, Entry]]:
    """All tensors under their own names: file by file, and by name within each, as llama.cpp's converter has it."""
    sources: dict[str, tuple[SourceFile, Entry]] = {}
    for file in files:
        for name, entry in sorted(read_entries(file).items()):
            if name in sources:
                raise unreadable(folder, f"two of its files hold the tensor {shown(name)}.")
            sources[name] = (file, entry)
    return sources


def _names(family: Family, sources: Sources) -> dict[str, str]:
    """Original names by GGUF's; an empty one stands for all that is left out and cannot be computed."""
    found: dict[str, str] = {}
    for name in sources:
        known = gguf_name(family, name)
        if known or (known == "" and not name.endswith((".inv_freq", "lm_head.weight"))):
            found[known] = name
    return found


def _file_type(tensors: Sequence[TensorInfo]) -> int:
    """The file type of the first matrix, as llama.cpp's converter decides."""
    first = next((info.block_type.name for info in tensors if info.is_matrix), "F32")
    return next((number for number, name in FILE_TYPES.items() if name == first), _NO_FILE_TYPE)

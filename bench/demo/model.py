"""demo.gguf: a model of a few MB with known answers, built on demand. For actions only."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.demo import tokenizer
from bench.demo.bundled_answers import DEFAULT, SIZE, pairs
from bench.demo.chains import Answer, Chains, link
from bench.errors import MissingPrerequisite
from bench.files import write_atomic

VERSION = 1
"""To be raised when the bytes of the file change: the model's fingerprint depends on it."""
CONTEXT = 32768
TEMPLATE = (
    f"{{{{ '{tokenizer.START}' }}}}"
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\n' }}{% endfor %}"
    f"{{% if add_generation_prompt %}}{{{{ '{tokenizer.ASK}' }}}}{{% endif %}}"
)


def build(path: Path) -> None:
    """Write the demo's model. Raises MissingPrerequisite where gguf is not installed."""
    build_answers(path, pairs(), name="demo")


def build_answers(
    path: Path, pairs: Iterable[tuple[str, Answer | str]], *, default: Answer | str = DEFAULT, size: int = SIZE,
    load_layers: int = 0, load_width: int = 1536, name: str = "known answers",
) -> None:  # fmt: skip
    """Write a model that gives each answer to a prompt that contains its key, and `default` to any other prompt.

    A prompt must contain at most one key, which may be repeated. A token of an answer has `size` characters or a few
    more. `load_layers` slow the model down. Raises MissingPrerequisite where gguf is not installed, ValueError for a
    duplicate key.
    """
    try:
        import gguf  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise MissingPrerequisite(
            "The demo's model is built with gguf, which is not installed here; pip install gguf xllamacpp."
        ) from None
    chains = link(((key, _answer(answer)) for key, answer in pairs), _answer(default), size)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.gguf")
        _write(gguf.GGUFWriter(file, "llama"), chains, name, load_layers, load_width)
        write_atomic(path, file.read_bytes())


def _answer(answer: Answer | str) -> Answer:
    return Answer((answer,)) if isinstance(answer, str) else answer


def _write(writer: Any, chains: Chains, name: str, load_layers: int, load_width: int) -> None:
    from bench.demo import weights  # noqa: PLC0415 - heavy

    writer.add_name(name)
    writer.add_file_type(1)  # mostly F16
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(weights.WIDTH)
    writer.add_block_count(1 + load_layers)
    writer.add_feed_forward_length(load_width if load_layers else weights.FEED_FORWARD)
    writer.add_head_count(weights.WIDTH // weights.HEAD)
    writer.add_rope_dimension_count(weights.HEAD)
    writer.add_rope_freq_base(weights.ROPE_BASE)
    writer.add_layer_norm_rms_eps(1e-5)
    _write_vocabulary(writer, chains.vocabulary)
    for tensor, array in weights.tensors(chains, load_layers, load_width).items():
        writer.add_tensor(tensor, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_vocabulary(writer: Any, vocabulary: tokenizer.Vocabulary) -> None:
    writer.add_vocab_size(len(vocabulary.tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    writer.add_token_merges(tokenizer.MERGES)
    writer.add_bos_token_id(vocabulary.ids[tokenizer.START])
    writer.add_eos_token_id(vocabulary.ids[tokenizer.END])
    writer.add_pad_token_id(vocabulary.ids[tokenizer.UNUSED])
    writer.add_add_bos_token(False)  # noqa: FBT003 - gguf's signature; the template puts it there
    writer.add_chat_template(TEMPLATE)

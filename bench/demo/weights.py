"""Chains → the weights of a llama-architecture model that follows them. For actions only: imports numpy.

The residual stream holds a random code of +-1 for the token, then flags. The first layer has only attention: the mark
that ends a prompt attends to a key and copies its code (and its end flag); every other token attends to the mark that
starts the prompt, which adds nothing. The output matrix scores each token by the code of its predecessor.
"""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.demo import tokenizer
from bench.demo.chains import Chains

CODE, HEAD = 256, 64
WIDTH = CODE + HEAD
IS_KEY, IS_ASK, IS_START, IS_OTHER, IS_END = range(CODE, CODE + 5)
FEED_FORWARD = 32
ROPE_BASE = 1e30
"""With this base, RoPE does not rotate the last pair of a head's dimensions."""
FLAG, GAIN, LOGIT = 8.0, 4.0, 32.0
"""LOGIT is the score of the correct next token; a wrong one has about +-LOGIT / sqrt(CODE)."""
FORK_STEP = 1 / 128
"""The share by which the score of each further branch of a fork is lower: small, but larger than rounding."""
WEAK = 0.25

Tensors = dict[str, NDArray[Any]]


def tensors(chains: Chains, load_layers: int = 0, load_width: int = 1536) -> Tensors:
    """All tensors by their GGUF names; `load_layers` further layers add nothing, and slow the model down."""
    count = len(chains.vocabulary.tokens)
    codes = _codes(count)
    weights: Tensors = {
        "token_embd.weight": _embedding(chains, codes),
        "output_norm.weight": np.ones(WIDTH, np.float32),
        "output.weight": _output(chains, codes),
    }
    width = load_width if load_layers else FEED_FORWARD
    for number in range(1 + load_layers):
        attention = _attention() if number == 0 else {}
        weights |= {f"blk.{number}.{name}.weight": array for name, array in _layer(attention, width).items()}
    return weights


def _codes(count: int) -> NDArray[np.float16]:
    # Not numpy's generator, whose stream may change with its version: the file's bytes must not change.
    stream = hashlib.shake_256(b"codes").digest(count * CODE // 8)
    bits = np.unpackbits(np.frombuffer(stream, np.uint8)).reshape(count, CODE)
    return bits.astype(np.float16) * np.float16(2) - np.float16(1)


def _embedding(chains: Chains, codes: NDArray[np.float16]) -> NDArray[np.float16]:
    ids = chains.vocabulary.ids
    start, ask = ids[tokenizer.START], ids[tokenizer.ASK]
    table = np.zeros((len(codes), WIDTH), np.float16)
    table[:, :CODE] = codes
    # The default answer follows from the mark's own code, which is weak, so that a key's code dominates.
    table[ask, :CODE] *= WEAK
    table[start, :CODE] = 0
    table[:, IS_OTHER] = FLAG
    table[[start, ask], IS_OTHER] = 0
    table[start, IS_START] = table[ask, IS_ASK] = FLAG
    table[chains.keys, IS_KEY] = FLAG
    table[sorted(chains.ends), IS_END] = FLAG
    return table


def _output(chains: Chains, codes: NDArray[np.float16]) -> NDArray[np.float16]:
    table = np.zeros((len(codes), WIDTH), np.float16)
    for token, following in chains.successors.items():
        for rank, number in enumerate(following):
            table[number, :CODE] += codes[token] * np.float16(LOGIT / CODE * (1 - rank * FORK_STEP))
    table[chains.vocabulary.ids[tokenizer.END], IS_END] = 2 * LOGIT / FLAG
    return table


def _attention() -> Tensors:
    query, key, value, output = (np.zeros((WIDTH, WIDTH), np.float16) for _ in range(4))
    for head in range(0, WIDTH, HEAD):
        key_index, start_index = head + HEAD - 2, head + HEAD - 1
        query[key_index, IS_ASK] = key[key_index, IS_KEY] = GAIN
        # Far less than a key, though normalisation enlarges the flag of the starting mark, which has no code.
        key[key_index, IS_START] = GAIN / 8
        query[start_index, IS_OTHER] = key[start_index, IS_START] = GAIN
    copied = [*range(CODE), IS_END]
    value[copied, copied] = output[copied, copied] = 1
    return {"attn_q": query, "attn_k": key, "attn_v": value, "attn_output": output}


def _layer(attention: Tensors, width: int) -> Tensors:
    ones, square = np.ones(WIDTH, np.float32), np.zeros((WIDTH, WIDTH), np.float16)
    wide = np.zeros((width, WIDTH), np.float16)
    idle = dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), square)
    return {
        "attn_norm": ones, "ffn_norm": ones, "ffn_gate": wide, "ffn_up": wide, "ffn_down": wide.T.copy(),
        **idle, **attention,
    }  # fmt: skip

"""Writes a GGUF in other quantizations, by NumPy alone: a family to compare without a download.

    python -m benchmarks.requantize MODEL.gguf FOLDER [Q8_0 Q4_0 …]

MODEL is a file, or package:<package>/<file>.gguf as in profiles.toml. All quantized tensors get the other type. What
the first quantization lost stays lost: Q8_0 of a Q4_1 file shows what rounding alone changes. Under a minute for 135
million weights.
"""

import re
import sys
from pathlib import Path

import numpy as np
from gguf import GGUFReader, GGUFWriter, LlamaFileType
from gguf.constants import GGMLQuantizationType, GGUFValueType, Keys
from gguf.quants import dequantize, quantize

from bench import packages

PLAIN = (GGMLQuantizationType.F32, GGMLQuantizationType.F16, GGMLQuantizationType.BF16)
WRITTEN = (Keys.General.ARCHITECTURE, Keys.General.FILE_TYPE, "GGUF.version", "GGUF.tensor_count", "GGUF.kv_count")
"""Fields that the writer writes itself, or that change."""


def requantize(model: Path, folder: Path, kind: str) -> Path:
    """The model in another quantization, below `folder`, named after it. Raises KeyError for an unknown one."""
    target = GGMLQuantizationType[kind]
    reader = GGUFReader(model)
    path = folder / f"{re.sub(r'[-.]I?Q[0-9][A-Z0-9_]*$', '', model.stem)}-{kind}.gguf"
    half = path.with_suffix(".tmp")
    writer = GGUFWriter(half, str(reader.fields[Keys.General.ARCHITECTURE].contents()))
    writer.add_file_type(LlamaFileType[f"MOSTLY_{kind}"])
    for name, field in reader.fields.items():
        if name not in WRITTEN:
            inner = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], sub_type=inner)
    for tensor in reader.tensors:
        if tensor.tensor_type in PLAIN:
            writer.add_tensor(tensor.name, np.asarray(tensor.data), raw_dtype=tensor.tensor_type)
        else:
            data = quantize(dequantize(np.asarray(tensor.data), tensor.tensor_type), target)
            writer.add_tensor(tensor.name, data, raw_dtype=target)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return half.replace(path)


if __name__ == "__main__":
    model, into, *kinds = sys.argv[1:]
    folder = Path(into)
    folder.mkdir(parents=True, exist_ok=True)
    for kind in kinds or ("Q8_0", "Q4_0"):
        made = requantize(packages.path(model) if model.startswith(packages.PREFIX) else Path(model), folder, kind)
        print(f"{made} {made.stat().st_size / 1e6:.0f} MB")

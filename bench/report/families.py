"""Which models are quantizations of one model, by their titles."""

import re

QUANTIZATION = re.compile(
    r"[\s(\[-]*\b(?:UD-)?(?:I?Q\d\w*|TQ\d\w*|B?F16|F32|FP16|FP8|MXFP4\w*|INT[48]|GPTQ|AWQ)\b[)\]]*", re.IGNORECASE
)


def family(title: str) -> str:
    """The title without its quantization."""
    return " ".join(QUANTIZATION.sub(" ", title).split()) or title

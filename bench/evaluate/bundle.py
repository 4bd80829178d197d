"""A dataset's ground truth in one piece for other machines, and a digest of the grader's code."""

import io
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from bench.evaluate.ground_truth import GroundTruth
from bench.files import digest, digest_of


@dataclass(frozen=True)
class Bundle:
    """The ground truth of one dataset as far as it is computed, zipped; `name` is its digest."""

    dataset: str
    md5: str
    data: bytes

    @property
    def name(self) -> str:
        """A digest of the content."""
        return digest(f"{self.dataset} {self.md5} {digest(self.data)}")

    def unpack(self, folder: Path) -> GroundTruth:
        """The ground truth below `folder`."""
        with zipfile.ZipFile(io.BytesIO(self.data)) as packed:
            packed.extractall(folder)
        return GroundTruth(folder, self.dataset, self.md5)


def bundle(truth: GroundTruth) -> Bundle:
    """Pack the ground truth: about 4 MB for HumanEval+."""
    packed, cache_folder = io.BytesIO(), truth.root.parent.parent
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        files = [truth.root / "index.json", *truth.root.glob("*/*.truth"), *(truth.root / "inputs").iterdir()]
        for path in sorted(files):
            if path.is_file():
                # With one date for all, the same content has the same name.
                name = zipfile.ZipInfo(str(path.relative_to(cache_folder)))
                target.writestr(name, path.read_bytes(), zipfile.ZIP_DEFLATED, 1)
    return Bundle(truth.dataset, truth.hash, packed.getvalue())


@cache
def code() -> str:
    """A digest of this project's code and EvalPlus's version: machines with the same one make the same verdicts."""
    root = Path(__file__).parents[1]
    files = {str(file.relative_to(root)): digest(file.read_bytes()) for file in root.rglob("*.py")}
    return digest_of([files, version("evalplus")])

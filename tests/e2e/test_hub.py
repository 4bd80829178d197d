"""A model by its name, from a hub on loopback to a score, as a user runs it."""

from pathlib import Path

import pytest

from bench.demo.model import build
from tests.e2e.conftest import Project
from tests.hub import Hub, serve

PROFILES = """
[defaults]
datasets = ["demo"]
max_tokens = 256
context = 2048
canary = false
[server]
kind = "process"
[sandbox]
kind = "bubblewrap"
[profiles.small]
title = "Small"
model = "hf:org/Small-GGUF"
quants = ["F32", "Q2_K"]
placement = ["-t", "1"]
"""


def test_first_use(project: Project, tmp_path: Path) -> None:
    """A model is downloaded when it is first needed, and known by its content from then on, also when it is gone."""
    build(tmp_path / "small.gguf")
    project.write(PROFILES)
    with serve(Hub({"Small-F32.gguf": (tmp_path / "small.gguf").read_bytes()})) as hub:
        places = {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path / "cache")}
        assert "hf:org/Small-GGUF:F32, which is downloaded on first use" in project.doit("doctor", **places).out
        assert hub.asked == []
        first = project.doit("eval:small-f32", **places)
        assert first.code == 0, first.out
        assert "downloads hf:org/Small-GGUF:F32" in first.out
        assert project.scores("small-f32")[0] == pytest.approx(12 / 18)
        absent = project.doit("eval:small-q2_k", **places)
        assert absent.code != 0
        assert "small-q2_k: org/Small-GGUF has no Q2_K; it has F32" in absent.out
    assert project.doit("eval:small-f32", **places).tasks == []
    (tmp_path / "cache").rename(tmp_path / "away")
    assert project.doit("eval:small-f32", **places).tasks == []

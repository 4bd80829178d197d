"""The fixtures of the grading: what a sandbox promises is tried with samples of problems."""

from tests.evaluate.conftest import cache, demo, demo_folder, grader, image, kind

__all__ = ["cache", "demo", "demo_folder", "grader", "image", "kind"]

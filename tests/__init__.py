"""The tests, mirroring bench/; a package, so that helpers are imported by their full name."""

from typing import Any

import pytest

POLL = 0.01
"""Seconds between two looks of a server at whether it is to end; by default a test waits for half a second for it."""


def slow(*parameters: Any) -> list[Any]:
    """Parameters of a test that show what a quick one shows, in further ways."""
    return [pytest.param(parameter, marks=pytest.mark.slow) for parameter in parameters]

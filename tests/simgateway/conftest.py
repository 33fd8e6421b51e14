"""Fixtures that tests of the gateway share."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.simgateway.trading import floor, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["floor", "gateway", "silent_client"]


@pytest.fixture
def silent_client(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The test fails when the client logs an error: that is how it tells a bad message."""
    with caplog.at_level(logging.INFO, "ib_insync"):
        yield
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []

"""The secrets. Each is read where it is used, and stands in no setting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE: Final = "SELLKIT_LIVE_SECRET"


def live_secret(environment: Mapping[str, str] = os.environ) -> str | None:
    """The value of `SELLKIT_LIVE_SECRET`; None when it is not set, or blank."""
    return environment.get(_VARIABLE, "").strip() or None


def read_secret(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The secret of a name, `SELLKIT_ALERT_PHONE` for instance; None when it is not set."""
    return environment.get(name, "").strip() or None

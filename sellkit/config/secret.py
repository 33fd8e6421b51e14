"""The secret that live mode needs. It is read where it is used, and stands in no setting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE: Final = "SELLKIT_LIVE_SECRET"


def live_secret(environment: Mapping[str, str] = os.environ) -> str | None:
    """The value of `SELLKIT_LIVE_SECRET`; None when it is not set, or blank."""
    return environment.get(_VARIABLE, "").strip() or None

"""Whether somebody sits before a screen of this machine."""

from __future__ import annotations

import os
import sys


def has_screen() -> bool:
    """Whether a browser that is started here has a screen to appear on; not over SSH."""
    if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

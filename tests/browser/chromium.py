"""The Chromium that is installed, driven so that nothing of it reaches beyond this machine.

Playwright's blocking interface keeps its event loop marked as the running one of the thread as long
as it is open, which every `asyncio.run` of another test would stumble over. So that mark is taken
away whenever no test of the browser runs.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

REQUIRED = "SELLKIT_TEST_BROWSER"
"""The variable that, set to `required`, makes a failure of what would else be a skip; set to `all`
it has the long tests run, too."""

ABSENT = "no test in a browser"
_PATIENCE_MS = 30_000  # a busy machine shows late what it shows
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("playwright", "axe_playwright_python", "jupyterlab", "anywidget")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # What a page asks of another machine is noted and fails its test; it does not get out, either.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def is_required() -> bool:
    """Whether the browser has to be there."""
    return os.environ.get(REQUIRED) == "required" or is_all()


def is_all() -> bool:
    """Whether the long tests run as well, as `make browser` has it."""
    return os.environ.get(REQUIRED) == "all"


def missing() -> str:
    """What is missing for a test in a browser, in words; empty when all is there."""
    if absent := [name for name in PACKAGES if find_spec(name) is None]:
        return f"{', '.join(absent)} cannot be imported; `make sync` installs it"
    return "" if program() else f"none of {', '.join(PROGRAMS)} is on the PATH"


def program() -> str | None:
    """Where the browser is."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Driven:
    """A browser whose event loop counts as running only within `awake`."""

    def __init__(self) -> None:
        from playwright.sync_api import expect, sync_playwright

        expect.set_options(timeout=_PATIENCE_MS)
        self._playwright = sync_playwright().start()
        self._loop = asyncio.events._get_running_loop()
        self.browser: Browser = self._playwright.chromium.launch(
            executable_path=program(), args=list(FLAGS)
        )
        asyncio.events._set_running_loop(None)

    @contextmanager
    def awake(self) -> Iterator[Browser]:
        """Around everything that speaks to the browser."""
        asyncio.events._set_running_loop(self._loop)
        try:
            yield self.browser
        finally:
            asyncio.events._set_running_loop(None)

    def close(self) -> None:
        """End the browser and what drives it."""
        with self.awake() as browser:
            browser.close()
            self._playwright.stop()

"""What a page says on its console and asks of the network, and what of it fails a test."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.loopback import stays_here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import (
        BrowserContext,
        ConsoleMessage,
        Page,
        Request,
        WebError,
        WebSocket,
    )

    from tests.browser.chromium import Driven

# Of JupyterLab and its extensions, each with the reason why it is none of ours.
KNOWN_NOISE: tuple[tuple[str, str], ...] = (
    (
        re.escape("[anywidget] Failed to initialize model."),
        "anywidget gives a page two seconds to load a widget, which on a machine that does other "
        "work besides are not enough; one that stays deaf fails what its test expects of it",
    ),
)

WINDOW = {"width": 1400, "height": 1000}

_WITHOUT_HOST = {"about", "blob", "data", "file", "chrome-error"}


@contextmanager
def recorded_page(driven: Driven) -> Iterator[Page]:
    """A window of its own profile.

    Raises
    ------
    AssertionError
        At its end, when the recorder complains of something.
    """
    with driven.awake() as browser:
        context = browser.new_context(viewport=WINDOW, color_scheme="light")
        context.set_default_timeout(30_000)
        recorder = Recorder(context)
        try:
            yield context.new_page()
        finally:
            context.close()
    assert not recorder.complaints, "\n".join(recorder.complaints)


class Recorder:
    """Hears every page of a browser's context.

    Attributes
    ----------
    complaints
        What fails the test: an error on the console, an exception that nobody caught, or a request
        to another machine.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("page", lambda page: page.on("websocket", self._socket))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type != "error" or is_noise(message.text):
            return
        where = message.location
        self.complaints.append(f"console: {message.text} ({where.get('url')})")

    def _error(self, error: WebError) -> None:
        if not is_noise(str(error.error)):
            self.complaints.append(f"not caught: {error.error}\n{error.error.stack}")

    def _request(self, request: Request) -> None:
        self._address(request.url)

    def _socket(self, socket: WebSocket) -> None:
        self._address(socket.url)

    def _address(self, url: str) -> None:
        if leaves_loopback(url):
            self.complaints.append(f"left loopback: {url}")


def leaves_loopback(url: str) -> bool:
    """Whether an address leads to another machine."""
    parts = urlsplit(url)
    if parts.scheme in _WITHOUT_HOST:
        return False
    return not stays_here((parts.hostname or "", parts.port or 0))


def is_noise(text: str) -> bool:
    """Whether JupyterLab says it by itself."""
    return any(re.search(pattern, text) for pattern, _ in KNOWN_NOISE)

"""A watch as it is seen: a live table on a screen, elsewhere a table or a line each minute."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from rich.live import Live
from rich.text import Text

from sellkit.present.fitted import open_console, print_plainly
from sellkit.present.watched import all_of_it, screenful
from sellkit.present.watched_columns import watched_facts

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from types import TracebackType

    from rich.console import Console, RenderableType

    from sellkit.core.watched import Watched
    from sellkit.present.heading import Heading

    Now = Callable[[], dt.datetime]
    HeadingOf = Callable[[Watched, dt.datetime], Heading]


class View(Protocol):
    """Shows one snapshot after the other, from any thread, until its block is left."""

    def show(self, watched: Watched) -> None:
        """Show a snapshot in place of the one before."""
        ...

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, and leave the terminal as it was."""
        ...


def is_screen(stream: TextIO) -> bool:
    """Whether a stream is a terminal on which a table can stand still and change."""
    console = open_console(stream)
    return console.is_terminal and not console.is_dumb_terminal


def view_of(stream: TextIO, heading: HeadingOf, now: Now, *, as_json: bool) -> View:
    """The view that suits a stream.

    Parameters
    ----------
    heading
        What stands above a snapshot at a moment.
    now
        The moment at which ages are told; it answers at once.
    as_json
        A line of JSON for each snapshot.
    """
    if not as_json and is_screen(stream):
        return Screen(open_console(stream), heading, now)
    return Lines(stream, heading, now, as_json=as_json)


class Screen:
    """A table that stands still; clock and ages move each second, rows each minute.

    It goes when the watch is interrupted. What was seen last stays when it ends by itself.
    """

    def __init__(self, console: Console, heading: HeadingOf, now: Now) -> None:
        self._console = console
        self._heading = heading
        self._now = now
        self._watched: Watched | None = None
        self._live = Live(
            get_renderable=self._draw, console=console, refresh_per_second=1, transient=True
        )

    def show(self, watched: Watched) -> None:
        """Show a snapshot in place of the one before."""
        self._watched = watched
        self._live.refresh()

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        if kind is None and self._watched is not None:
            now = self._now()
            heading = self._heading(self._watched, now)
            self._console.print(all_of_it(self._watched, heading, now, self._console.width))

    def _draw(self) -> RenderableType:
        if self._watched is None:
            return Text("asking for positions, orders and the newest bars ...")
        now = self._now()
        heading, size = self._heading(self._watched, now), self._console.size
        return screenful(self._watched, heading, now, size.width, size.height)


class Lines:
    """A plain table, or a line of JSON, for each minute."""

    def __init__(self, stream: TextIO, heading: HeadingOf, now: Now, *, as_json: bool) -> None:
        self._stream = stream
        self._heading = heading
        self._now = now
        self._as_json = as_json
        self._turn = threading.Lock()
        self._has_shown = False

    def show(self, watched: Watched) -> None:
        """Write a snapshot behind the one before."""
        now = self._now()
        heading = self._heading(watched, now)
        with self._turn:
            if self._as_json:
                facts = watched_facts(watched, heading, now)
                text = json.dumps(facts, allow_nan=False, ensure_ascii=False)
                self._stream.write(f"{text}\n")
            else:
                console = open_console(self._stream)
                self._stream.write("\n" if self._has_shown else "")
                content = all_of_it(watched, heading, now, console.width)
                print_plainly(content, console, self._stream)
            self._has_shown = True
            self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

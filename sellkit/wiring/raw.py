"""ib_insync itself, connected and blocking, for who explores in a cell."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError
from sellkit.wiring.gateways import profile_for

if TYPE_CHECKING:
    from sellkit.adapters.ib.reading_only import ReadingIB
    from sellkit.config import Overrides, Settings

_APART: Final = 9
"""So far above the profile's own client ids lies this one; those between are sellkit's viewers'."""
_SAFE: Final = (1, 7, 3)
"""nest_asyncio2 before it lost cells that were queued behind a blocking call, as nest_asyncio."""
_QUEUES_OF_ITS_OWN: Final = (7, 1)
"""From this ipykernel on, cells queued behind a loop that nest_asyncio nested never run."""

_connected: dict[tuple[str, int, int], ReadingIB] = {}


def raw_ib(
    *, profile: str = "", client_id: int | None = None, overrides: Overrides | None = None
) -> ReadingIB:
    """Connect `ib_insync.IB` for reading, with its own blocking calls usable in a cell.

    Nothing of sellkit needs it: desks keep their connection on a thread of their own. It is for
    questions that sellkit does not ask. It can place, change and cancel nothing. Called anew, by a
    cell that is run again for instance, it ends the former connection first. Its requests are not
    counted in the budget that sellkit keeps within, and what it shows holds account numbers.

    In a notebook its calls nest the kernel's event loop. That is done where cells that are queued
    ("Run All") still run afterwards, and refused where they would hang: then the message says what
    to install, or what to `await` in its place.

    Parameters
    ----------
    profile
        Name of a profile in the settings; empty takes the one chosen for the notebooks, and else
        the settings' own choice.
    client_id
        Another one than its own, for a second connection beside the first.
    overrides
        What flags say instead of the settings.

    Returns
    -------
    ib_insync.IB
        Connected; `disconnect()` it, or let the kernel end. A call that takes longer than
        `requests.timeout_seconds` raises `TimeoutError`, an error of the gateway `RequestError`.

    Raises
    ------
    ConfigError
        The loop cannot be nested safely here, a desk is open in this process, or the client id is
        one of sellkit's own; nothing was connected.
    BrokerError
        The gateway cannot be reached, or is another one than the profile expects.
    NotSent
        From its methods: what was asked for would change something.
    """
    from sellkit.adapters.ib.reading_only import connect_reading
    from sellkit.config import Overrides, load

    wanted = Overrides(profile=profile_for(profile, overrides) or None)
    settings = load((overrides or Overrides()).over(wanted))
    chosen = _client_id(settings, client_id)
    at, requests = settings.connection, settings.file.requests
    _make_blocking_safe(f'"{at.host}", {at.port}, clientId={chosen}, readonly=True')
    key = (at.host, at.port, chosen)
    former = _connected.pop(key, None)
    if former is not None:
        former.disconnect()  # type: ignore[no-untyped-call]
    _connected[key] = connect_reading(
        *key,
        seconds=requests.connect_timeout_seconds,
        request_seconds=requests.timeout_seconds,
        expected=at.gateway,
    )
    return _connected[key]


def refuse_nested() -> None:
    """See that nobody nests loops in a process that may send orders.

    Raises
    ------
    ConfigError
        Somebody does.
    """
    from sellkit.adapters.ib.nesting import nested_by

    name = nested_by()
    if name is not None:
        raise ConfigError(
            f"{name} nests event loops in this process, as raw_ib and util.startLoop() make it do; "
            "orders are not sent from here: restart the kernel"
        )


def _client_id(settings: Settings, chosen: int | None) -> int:
    at = settings.connection
    highest = max(at.client_id, at.viewer_client_id)
    if chosen is None:
        return highest + _APART
    if chosen <= 0 or chosen == at.client_id or at.viewer_client_id <= chosen < highest + _APART:
        raise ConfigError(
            f"client id {chosen} is not free for raw_ib: 0 would bind orders that were placed by "
            f"hand, and sellkit uses {at.client_id} and {at.viewer_client_id} to "
            f"{highest + _APART - 1}; leave it out, or take {highest + _APART} or above"
        )
    return chosen


def _make_blocking_safe(address: str) -> None:
    """See that the library can wait on this thread, and make its loop nest where it has to."""
    from sellkit.adapters.ib import nesting

    if nesting.has_bridge():
        raise ConfigError(
            "a desk is open in this process, and raw_ib changes how asyncio works for all of it: "
            "close the desk first"
        )
    if not nesting.is_running():
        if not nesting.is_main_thread():
            raise ConfigError(
                "raw_ib works in a cell or on the main thread; this thread has no loop"
            )
        return
    kernel = nesting.kernel_version()
    if kernel is None:
        raise ConfigError(f"an event loop runs here that is no notebook's: {_awaiting(address)}")
    by = nesting.nested_by()
    if by is None:
        _nest(kernel, address)
    elif by != "nest_asyncio2" and kernel >= _QUEUES_OF_ITS_OWN:
        raise ConfigError(
            f"{by} nests event loops here already, and on this ipykernel queued cells then hang: "
            "restart the kernel, and call raw_ib in the place of util.startLoop()"
        )


def _nest(kernel: tuple[int, ...], address: str) -> None:
    from sellkit.adapters.ib.nesting import version_of

    if find_spec("nest_asyncio2") is not None and version_of("nest_asyncio2") >= _SAFE:
        import nest_asyncio2

        nest_asyncio2.apply()
        sys.modules["nest_asyncio"] = nest_asyncio2  # for ib_insync's own util.startLoop()
        return
    if kernel >= _QUEUES_OF_ITS_OWN:
        shown = ".".join(map(str, kernel))
        raise ConfigError(
            f"on ipykernel {shown} cells queued behind a nested loop never run. Install "
            f'nest_asyncio2 (pip install "nest_asyncio2>=1.7.3") and restart the kernel, or '
            f"{_awaiting(address)}"
        )
    import nest_asyncio

    nest_asyncio.apply()


def _awaiting(address: str) -> str:
    """What works everywhere."""
    return f"do without nesting: ib = ib_insync.IB(); await ib.connectAsync({address})"

"""A client in a process of its own, and what a test asks of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway

DRIVERS = Path(__file__).parent / "drivers"
_SCRIPTS = {
    "ib_insync": ("insync_family.py", "ib_insync"),
    "ib_async": ("insync_family.py", "ib_async"),
    "ibapi": ("official.py",),
}
_SECONDS_TO_LEAVE = 20
# The gateway may put such a notice behind anything, where a length alone could lose a message.
_FARMS = (2104, 2106, 2158)

Said = dict[str, Any]


class DriverFailed(RuntimeError):
    """The client's process could not do what it was asked to."""


class Driver:
    """A process that does with one library whatever it is told to.

    Parameters
    ----------
    name
        The library.
    python
        The interpreter of its environment.
    """

    def __init__(self, name: str, python: Path) -> None:
        script, *arguments = _SCRIPTS[name]
        self.name = name
        self._connected: set[str] = set()
        self._process = subprocess.Popen(
            (python, "-u", DRIVERS / script, *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, client: str = "", **arguments: Any) -> Any:
        """Have something done, and give what came of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if do == "connect":
            self._connected.add(client)
        line = json.dumps({"do": do, "client": client, **arguments})
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise DriverFailed(f"the driver of {self.name} has ended")
        found = json.loads(answer)
        if "failure" in found:
            raise DriverFailed(f"{self.name}: {do} {arguments}\n{found['failure']}")
        return found["result"]

    def leave(self) -> None:
        """End every connection that was asked for."""
        for client in sorted(self._connected):
            self.ask("disconnect", client)
        self._connected.clear()

    def complaints(self) -> list[str]:
        """What the library complained of since the last call."""
        return list(self.ask("complaints"))

    def end(self) -> None:
        """Let the process end by itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(_SECONDS_TO_LEAVE)
        self._process.stdout.close()


class Client:
    """One connection of a driver; every method of a driver's client is called by its name."""

    def __init__(self, driver: Driver, name: str = "") -> None:
        self._driver = driver
        self.name = name
        self.library = driver.name

    def ask(self, do: str, **arguments: Any) -> Any:
        """Have something done with this connection."""
        return self._driver.ask(do, self.name, **arguments)

    def connect(self, gateway: Gateway, client_id: int = 1) -> Self:
        """Connect, which has to succeed."""
        found = self.ask("connect", port=gateway.port, client_id=client_id)
        assert "version" in found, found
        return self

    def another(self, name: str) -> Client:
        """A further connection, in the same process."""
        return Client(self._driver, name)

    def settle(self, *kinds: str) -> list[Said]:
        """What was said up to now, of some kinds or in all, in its order."""
        return [one for kind, one in self.said() if not kinds or kind in kinds]

    def said(self) -> list[tuple[str, Said]]:
        """What was said up to now and of which kind it is, without notices about data farms."""
        said = self.ask("settle")
        return [(kind, one) for kind, one in said if kind != "error" or one["code"] not in _FARMS]

    def codes(self) -> list[int]:
        """The codes of the errors that were told up to now."""
        return [one["code"] for one in self.settle("error")]

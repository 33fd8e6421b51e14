"""Steers a running simulated gateway: breaks it, moves its clock and prices, looks into it."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, Self

from sellkit.errors import ConfigError, NotConnected
from sellkit.simgateway.control_file import ControlAddress, read_address

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

_SECONDS = 30.0


class Control:
    """A connection to the control channel of a gateway.

    Parameters
    ----------
    address
        Where the channel is, and its token; `gateway.control.address` in the same process.

    Raises
    ------
    NotConnected
        Nothing listens there.

    Examples
    --------
    >>> with Control.of_file(Path("data/gateway-control.json")) as control:
    ...     control.inject({"do": "drop", "message": "positionEnd"})
    ...     control.advance(3600)
    """

    def __init__(self, address: ControlAddress) -> None:
        self._token = address.token
        try:
            self._socket = socket.create_connection((address.host, address.port), _SECONDS)
        except OSError as error:
            raise NotConnected(
                f"no gateway can be steered on {address.host}:{address.port}: "
                f"{error.strerror or error}; is it running with --control-port?"
            ) from error
        self._lines = self._socket.makefile("rb")

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """A connection to the gateway that wrote a control file.

        Raises
        ------
        ConfigError
            The file is absent or wrong.
        NotConnected
            The gateway is gone.
        """
        return cls(read_address(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the gateway runs on."""
        self._lines.close()
        self._socket.close()

    def ask(self, action: str, **arguments: object) -> Any:  # noqa: ANN401  JSON has no one type
        """Have something done by its name, and give what came of it.

        Raises
        ------
        ConfigError
            The gateway refuses, and says why.
        NotConnected
            The gateway went away.
        """
        request = {**arguments, "action": action, "token": self._token}
        try:
            self._socket.sendall(json.dumps(request, default=str).encode() + b"\n")
            line = self._lines.readline()
        except OSError as error:
            raise NotConnected(f"the gateway's control channel is gone: {error}") from error
        if not line:
            raise NotConnected("the gateway has closed its control channel")
        answer = json.loads(line)
        if not answer["ok"]:
            raise ConfigError(str(answer["error"]))
        return answer["result"]

    def inject(self, rule: Mapping[str, object]) -> int:
        """Put a fault rule in force, written as in a scenario; gives its number.

        A rule without `message` and `at` strikes at once.
        """
        return int(self.ask("inject", rule=rule)["number"])

    def clear(self) -> int:
        """Take every rule out of force; gives how many there were."""
        return int(self.ask("clear")["cleared"])

    def clock(self) -> dict[str, Any]:
        """What the gateway's clock shows, as `now`, `kind` and `speed`."""
        return dict(self.ask("clock"))

    def set_clock(self, instant: dt.datetime) -> None:
        """Set the virtual clock; `instant` is aware."""
        self.ask("clock", set=instant.isoformat())

    def advance(self, seconds: float) -> None:
        """Step the virtual clock ahead."""
        self.ask("clock", advance=seconds)

    def set_speed(self, speed: float) -> None:
        """Virtual seconds in a real one, from 0 to 3,600."""
        self.ask("clock", speed=speed)

    def move_price(self, symbol: str, factor: float) -> float:
        """Multiply the made-up prices of a symbol from now on; gives the price it has then."""
        return float(self.ask("price", symbol=symbol, factor=factor)["last"])

    def halt(self, symbol: str, until: dt.datetime | None = None, kind: str = "regulatory") -> None:
        """Let a symbol stand still from now on; `kind` is `regulatory` or `volatility`."""
        end = {} if until is None else {"until": until.isoformat()}
        self.ask("halt", symbol=symbol, kind=kind, **end)

    def resume(self, symbol: str) -> int:
        """Let a symbol trade again; gives how many halts held it."""
        return int(self.ask("resume", symbol=symbol)["ended"])

    def correct_bar(self, symbol: str, bar_end: dt.datetime, factor: float) -> None:
        """Multiply the close of the bars that end at a moment, in every answer from now on."""
        self.ask("correct_bar", symbol=symbol, bar_end=bar_end.isoformat(), factor=factor)

    def set_market_data(self, **rights: object) -> dict[str, Any]:
        """Change who may see what: `subscription` with perhaps `symbol` or `exchange`,
        `competing`, `delayed_enabled`; gives what then holds.
        """
        return dict(self.ask("market_data", **rights))

    def corporate_action(
        self,
        symbol: str,
        *,
        split: str | None = None,
        symbol_change: str | None = None,
        new_con_id: int | None = None,
        at: dt.datetime | None = None,
    ) -> None:
        """Split or rename a contract, now or at a moment (aware); see `[[corporate_actions]]`."""
        wanted = {"split": split, "symbol_change": symbol_change, "new_conId": new_con_id}
        wanted |= {"at": None if at is None else at.isoformat()}
        given = {key: value for key, value in wanted.items() if value is not None}
        self.ask("corporate_action", symbol=symbol, **given)

    def set_rate(self, currency: str, dollars: float) -> None:
        """Set what one unit of a currency is worth in dollars."""
        self.ask("rate", currency=currency, dollars=dollars)

    def drop_connections(self) -> int:
        """Reset the connection of every client; gives how many there were."""
        return int(self.ask("drop")["dropped"])

    def sessions(self) -> list[dict[str, Any]]:
        """The clients that have started the API."""
        return list(self.ask("sessions"))

    def record(self, last: int = 100) -> list[dict[str, Any]]:
        """The latest messages that clients sent, oldest first."""
        return list(self.ask("record", last=last)["messages"])

    def state(self) -> dict[str, Any]:
        """Everything that the gateway holds."""
        return dict(self.ask("state"))

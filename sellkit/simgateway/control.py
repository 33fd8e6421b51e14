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

    def move_price(self, symbol: str, factor: float, *, con_id: int | None = None) -> float:
        """Multiply the made-up prices of a symbol from now on; gives the price it has then.

        Here and below `con_id` tells contracts apart that share a symbol.
        """
        contract = _contract(symbol, con_id)
        return float(self.ask("price", **contract, factor=factor)["last"])

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

    def set_bars(
        self, final_after_seconds: float | None = None, until_final: str | None = None
    ) -> dict[str, Any]:
        """Change how long after its end a bar is not final, and what is told of it meanwhile:
        `missing` or `provisional`; gives what then holds.
        """
        keys = {"final_after_seconds": final_after_seconds, "until_final": until_final}
        given = {key: value for key, value in keys.items() if value is not None}
        return dict(self.ask("bars", **given))

    def bust(self, symbol: str | None = None) -> int:
        """End bars that are kept up to date with error 10225, of a symbol or all; gives how many
        there were.
        """
        given = {} if symbol is None else {"symbol": symbol}
        return int(self.ask("bust", **given)["ended"])

    def set_market_data(self, **rights: object) -> dict[str, Any]:
        """Change who may see what: `subscription` with perhaps `symbol` or `exchange`,
        `competing`, `delayed_enabled`; gives what then holds.
        """
        return dict(self.ask("market_data", **rights))

    def set_price(self, symbol: str, price: float, *, con_id: int | None = None) -> float:
        """Move the made-up prices of a symbol so that it trades at a price; gives what it does."""
        return float(self.ask("price", **_contract(symbol, con_id), to=price)["last"])

    def place(
        self, symbol: str, side: str, quantity: float, *, con_id: int | None = None, **keys: object
    ) -> dict[str, Any]:
        """Place an order by hand; `keys` are orderType, lmtPrice, auxPrice, tif, account."""
        keys |= _contract(symbol, con_id)
        return dict(self.ask("place", side=side, quantity=quantity, **keys))

    def cancel(self, perm_id: int) -> dict[str, Any]:
        """Cancel any order by hand; gives it as it is then."""
        return dict(self.ask("cancel", permId=perm_id))

    def fill(
        self, perm_id: int, quantity: float | None = None, price: float | None = None
    ) -> dict[str, Any]:
        """Fill an order: what is left or a part of it, at the market or at a price."""
        keys = {"quantity": quantity, "price": price}
        given = {key: value for key, value in keys.items() if value is not None}
        return dict(self.ask("fill", permId=perm_id, **given))

    def kill(self, perm_id: int, code: int = 202, text: str | None = None) -> dict[str, Any]:
        """End an order with an error code: 201 rejects it, any other cancels it."""
        given = {} if text is None else {"text": text}
        return dict(self.ask("kill", permId=perm_id, code=code, **given))

    def correct(self, exec_id: str, price: float) -> dict[str, Any]:
        """Correct the price of a fill; gives the execution that replaces it."""
        return dict(self.ask("correct", execId=exec_id, price=price))

    def hold(
        self,
        symbol: str,
        position: float,
        average_cost: float,
        *,
        con_id: int | None = None,
        **keys: object,
    ) -> None:
        """Set a position; `keys` may have the account."""
        keys |= _contract(symbol, con_id)
        self.ask("hold", position=position, avgCost=average_cost, **keys)

    def roll_back_ids(self, by: int, client_id: int | None = None) -> dict[str, int]:
        """Let the next order id of a client, or of all, go back; gives the next ids by client."""
        given = {} if client_id is None else {"clientId": client_id}
        return dict(self.ask("rollback", by=by, **given))

    def reset(self, **plan: object) -> None:
        """Begin a nightly reset; keywords are the keys of `[nightly_reset]` but for `at`."""
        self.ask("reset", **plan)

    def log_out(self, until_login: str = "refuse") -> None:
        """Let nobody in until `log_in`: `refuse` connections, or take them in `silent`."""
        self.ask("logout", until_login=until_login)

    def log_in(self) -> bool:
        """Let clients in again; False when nobody had to log in."""
        return bool(self.ask("login")["was_logged_out"])

    def start_recording(self, file: Path | None = None) -> None:
        """Record both directions from now on, and into a file of the gateway's machine."""
        given = {} if file is None else {"file": str(file)}
        self.ask("record", on=True, **given)

    def stop_recording(self) -> None:
        """Record nothing more."""
        self.ask("record", on=False)

    def corporate_action(
        self,
        symbol: str,
        *,
        con_id: int | None = None,
        split: str | None = None,
        symbol_change: str | None = None,
        new_con_id: int | None = None,
        at: dt.datetime | None = None,
    ) -> None:
        """Split or rename a contract, now or at a moment (aware); see `[[corporate_actions]]`."""
        wanted = {"split": split, "symbol_change": symbol_change, "new_conId": new_con_id}
        wanted |= {"at": None if at is None else at.isoformat()}
        given = {key: value for key, value in wanted.items() if value is not None}
        self.ask("corporate_action", **_contract(symbol, con_id), **given)

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
        """The latest messages, oldest first: those that clients sent, once recorded all."""
        return list(self.ask("record", last=last)["messages"])

    def state(self) -> dict[str, Any]:
        """Everything that the gateway holds."""
        return dict(self.ask("state"))


def _contract(symbol: str, con_id: int | None) -> dict[str, object]:
    return {"symbol": symbol} if con_id is None else {"symbol": symbol, "conId": con_id}

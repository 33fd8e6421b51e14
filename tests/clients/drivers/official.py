"""Does with Interactive Brokers' own client what standard input asks for."""

from __future__ import annotations

import contextlib
import socket
import threading
import traceback
from typing import Any

import service
import told
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper

_SECONDS = 30.0
_TAGS = "NetLiquidation,TotalCashValue,BuyingPower,$LEDGER:ALL"
_PRICES = {1: "bid", 2: "ask", 4: "last", 9: "close"}
_SIZES = {0: "bidSize", 3: "askSize"}
_CLIENT_MADE = (502, 503, 505, 506, 507, 508, 509)


class Pending:
    """A question: the rows of its answer, and whether it has ended."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.done = threading.Event()


class Client(EWrapper, EClient):
    """One connection; whatever its callbacks say is kept in the order in which it came."""

    def __init__(self, complaints: service.Complaints) -> None:
        EClient.__init__(self, self)
        self.complaints = complaints
        self.log: list[Any] = []
        self.pending: dict[object, Pending] = {}
        self.next_id = 0
        self.last_question = 10_000_000
        self.bars: list[Any] = []
        self.kept_under = 0

    def run(self) -> None:
        try:
            super().run()
        except Exception:  # noqa: BLE001  nobody else would hear why the library's loop ended
            self.complaints.found.append(traceback.format_exc())
        for one in list(self.pending.values()):
            one.done.set()

    # --- the session --------------------------------------------------------------------------

    def join(self, port: int, client_id: int) -> dict[str, Any]:
        ready = self.pending["ready"] = Pending()
        self.connect("127.0.0.1", port, client_id)
        self.decoder.interpret = _checking(self.decoder, self.complaints)
        threading.Thread(target=self.run, daemon=True).start()
        ready.done.wait(_SECONDS)
        if not self.next_id:
            return {"refused": [said["code"] for kind, said in self.log if kind == "error"]}
        accounts = self.pending["accounts"].rows
        self.ask("positions", self.reqPositions)
        self.ask("account", lambda: self.reqAccountUpdates(True, accounts[0]))
        self.log.clear()
        return {"version": self.serverVersion(), "accounts": accounts, "next_id": self.next_id}

    def leave(self, *, lingers: bool = False) -> None:
        """Disconnect; the library by itself holds its socket for up to a second longer."""
        if not lingers and self.conn is not None and self.conn.socket is not None:
            with contextlib.suppress(OSError):
                self.conn.socket.shutdown(socket.SHUT_RDWR)
        EClient.disconnect(self)

    def settle(self) -> list[Any]:
        """Everything that was said up to now."""
        self.ask("time", self.reqCurrentTime)
        taken, self.log = self.log, []
        return taken

    def time(self) -> str:
        return told.moment(str(self.ask("time", self.reqCurrentTime)[0]))

    def ask(self, key: object, send: Any) -> list[Any]:
        one = self.pending[key] = Pending()
        send()
        if not one.done.wait(_SECONDS):
            raise TimeoutError(key)
        return one.rows

    def question(self, send: Any) -> list[Any]:
        """Ask under a number of its own."""
        self.last_question += 1
        number = self.last_question
        return self.ask(number, lambda: send(number))

    # --- contracts, prices, accounts ----------------------------------------------------------

    def details(self, contract: dict[str, Any]) -> list[Any]:
        return self.question(lambda n: self.reqContractDetails(n, _contract(contract)))

    def matching(self, pattern: str) -> list[Any]:
        return self.question(lambda n: self.reqMatchingSymbols(n, pattern))

    def rule(self, number: int) -> list[Any]:
        return self.ask(("rule", number), lambda: self.reqMarketRule(number))

    def head(self, contract: dict[str, Any], form: int) -> str:
        found = self.question(
            lambda n: self.reqHeadTimeStamp(n, _contract(contract), "TRADES", 1, form)
        )
        return told.moment(found[0])

    def history(
        self, contract: dict[str, Any], duration: str, size: str, form: int, **rest: Any
    ) -> list[Any]:
        end, show, rth = rest.get("end", ""), rest.get("show", "TRADES"), rest.get("rth", True)
        wanted = (_contract(contract), end, duration, size, show, int(rth), form, False, [])
        return self.question(lambda n: self.reqHistoricalData(n, *wanted))

    def keep(self, contract: dict[str, Any], size: str) -> list[Any]:
        """Ask for a day's bars that are kept up to date."""
        wanted = (_contract(contract), "", "1 D", size, "TRADES", 1, 2, True, [])
        self.bars = self.question(lambda n: self.reqHistoricalData(n, *wanted))
        self.kept_under = self.last_question
        return self.kept()

    def kept(self) -> list[Any]:
        """What has become of such bars."""
        self.time()
        return self.bars

    def end_kept(self) -> None:
        self.cancelHistoricalData(self.kept_under)

    def data_type(self, wanted: int) -> None:
        self.reqMarketDataType(wanted)

    def quote(self, contract: dict[str, Any]) -> dict[str, Any]:
        rows = self.question(lambda n: self.reqMktData(n, _contract(contract), "", True, False, []))
        return dict(rows)

    def stream(self, contract: dict[str, Any]) -> None:
        self.last_question += 1
        self.pending[self.last_question] = Pending()
        self.reqMktData(self.last_question, _contract(contract), "", False, False, [])

    def streamed(self, contract: dict[str, Any]) -> dict[str, Any]:
        """What the latest stream has come to."""
        self.ask("time", self.reqCurrentTime)
        found = dict(self.pending[self.last_question].rows)
        return {name: found.get(name) for name in ("bid", "ask", "last")}

    def end_stream(self, contract: dict[str, Any]) -> None:
        self.cancelMktData(self.last_question)

    def positions(self) -> list[Any]:
        return self._told("position", "positions", self.reqPositions)

    def account(self, account: str) -> dict[str, Any]:
        self.pending["values"] = Pending()
        held = self._told("portfolio", "account", lambda: self.reqAccountUpdates(True, account))
        return {"portfolio": held, "values": dict(self.pending["values"].rows)}

    def summary(self) -> list[Any]:
        return self.question(lambda n: self.reqAccountSummary(n, "All", _TAGS))

    def account_multi(self, account: str) -> int:
        return len(self.question(lambda n: self.reqAccountUpdatesMulti(n, account, "", False)))

    # --- orders -------------------------------------------------------------------------------

    def place(self, order_id: int, contract: dict[str, Any], order: dict[str, Any]) -> None:
        self.placeOrder(order_id, _contract(contract), _order(order))
        self.time()  # by now the gateway has taken it

    def what_if(self, contract: dict[str, Any], order: dict[str, Any]) -> Any:
        self.next_id += 1
        number, asked = self.next_id, _order(order | {"whatIf": True})
        states = self.ask(number, lambda: self.placeOrder(number, _contract(contract), asked))
        return told.margins(states[0]) if states else None

    def cancel(self, order_id: int) -> None:
        self.cancelOrder(order_id)
        self.time()

    def cancel_all(self) -> None:
        self.reqGlobalCancel()
        self.time()

    def open_orders(self) -> list[Any]:
        return self._told("open", "orders", self.reqOpenOrders)

    def all_open_orders(self) -> list[Any]:
        return self._told("open", "orders", self.reqAllOpenOrders)

    def bind(self) -> None:
        self.reqAutoOpenOrders(True)

    def completed(self) -> list[Any]:
        return self.ask("completed", lambda: self.reqCompletedOrders(False))

    def executions(self, client_id: int = 0) -> dict[str, Any]:
        wanted = ExecutionFilter()
        wanted.clientId = client_id
        start = len(self.log)
        self.question(lambda n: self.reqExecutions(n, wanted))
        fills = self._pick("fill", start)
        return {"fills": fills, "commissions": self._pick("commission", start)}

    def _told(self, kind: str, key: str, send: Any) -> list[Any]:
        self.ask("time", self.reqCurrentTime)  # what is on its way belongs to no answer
        start = len(self.log)
        self.ask(key, send)
        return self._pick(kind, start)

    def _pick(self, kind: str, start: int) -> list[Any]:
        """What was said of a kind; with the statuses of orders it leaves the log."""
        found = [said for name, said in self.log[start:] if name == kind]
        self.log[start:] = [one for one in self.log[start:] if one[0] not in {kind, "status"}]
        return found

    # --- what the library calls ---------------------------------------------------------------

    def nextValidId(self, orderId: int) -> None:  # noqa: N802, N803
        self.next_id = orderId
        self._end("ready")

    def managedAccounts(self, accountsList: str) -> None:  # noqa: N802, N803
        self.pending.setdefault("accounts", Pending()).rows = accountsList.split(",")

    def connectionClosed(self) -> None:  # noqa: N802
        self._end("ready")

    def error(self, reqId: int, errorCode: int, errorString: str) -> None:  # noqa: N803
        self.log.append(["error", told.error(reqId, errorCode, errorString)])
        if errorCode in _CLIENT_MADE:
            self.complaints.found.append(f"{errorCode}: {errorString}")
        if not 2100 <= errorCode < 2200:
            self._end(reqId)
        if errorCode == 326:
            self._end("ready")

    def _row(self, key: object, row: Any) -> None:
        if key in self.pending:
            self.pending[key].rows.append(row)

    def _end(self, key: object) -> None:
        if key in self.pending:
            self.pending[key].done.set()

    def _one(self, key: object, row: Any) -> None:
        self._row(key, row)
        self._end(key)


def _keep(name: str) -> Any:
    kind, form = told.EVENTS[name]

    def call(self: Client, *values: Any) -> None:
        self.log.append([kind, form(*values)])

    return call


def _open_order(self: Client, number: int, what: Any, order: Any, state: Any) -> None:
    self.log.append(["open", told.open_order(number, what, order, state)])
    if order.whatIf:
        self._one(number, state)


def _renew(self: Client, _number: int, bar: Any) -> None:
    """Bring the last of the bars that are kept up to date, or add one."""
    newest = told.bar(bar)
    if self.bars[-1]["date"] == newest["date"]:
        self.bars.pop()
    self.bars.append(newest)


def _value(self: Client, key: str, value: str, currency: str, _account: str) -> None:
    self._row("values", [f"{key} {currency}", value])


_CALLBACKS = {
    **{name: _keep(name) for name in told.EVENTS if name not in {"openOrder", "error"}},
    "openOrder": _open_order,
    "updateAccountValue": _value,
    "currentTime": lambda self, when: self._one("time", when),
    "contractDetails": lambda self, number, one: self._row(number, told.details(one)),
    "symbolSamples": lambda self, number, found: [
        *(self._row(number, told.contract(one.contract)) for one in found),
        self._end(number),
    ],
    "marketRule": lambda self, number, steps: [
        *(self._row(("rule", number), [one.lowEdge, one.increment]) for one in steps),
        self._end(("rule", number)),
    ],
    "headTimestamp": lambda self, number, text: self._one(number, text),
    "historicalData": lambda self, number, one: self._row(number, told.bar(one)),
    "historicalDataUpdate": _renew,
    "historicalDataEnd": lambda self, number, _start, _end: self._end(number),
    "tickPrice": lambda self, number, kind, price, _more: self._row(
        number, [_PRICES.get(kind, "other"), price]
    ),
    "tickSize": lambda self, number, kind, size: self._row(
        number, [_SIZES.get(kind, "other"), size]
    ),
    "accountSummary": lambda self, number, *row: self._row(number, list(row)),
    "accountUpdateMulti": lambda self, number, *row: self._row(number, list(row)),
    "completedOrder": lambda self, *three: self._row("completed", told.completed(*three)),
    "positionEnd": lambda self: self._end("positions"),
    "accountDownloadEnd": lambda self, _account: self._end("account"),
    "openOrderEnd": lambda self: self._end("orders"),
    "completedOrdersEnd": lambda self: self._end("completed"),
    **dict.fromkeys(
        (
            *("contractDetailsEnd", "tickSnapshotEnd", "accountSummaryEnd"),
            *("accountUpdateMultiEnd", "execDetailsEnd"),
        ),
        lambda self, number: self._end(number),
    ),
}
for _name, _callback in _CALLBACKS.items():
    setattr(Client, _name, _callback)


def _checking(decoder: Any, complaints: service.Complaints) -> Any:
    """The decoder's own function, behind a look at messages that it would pass over in silence."""
    original = decoder.interpret

    def interpret(fields: Any) -> None:
        if fields and int(fields[0]) not in decoder.msgId2handleInfo:
            complaints.found.append(f"unknown message {fields}")
        original(fields)

    return interpret


def _contract(given: dict[str, Any]) -> Any:
    return _filled(Contract(), given)


def _order(given: dict[str, Any]) -> Any:
    # The library's own defaults ask for electronic trading only, which gateways refuse.
    return _filled(Order(), {"eTradeOnly": False, "firmQuoteOnly": False} | given)


def _filled(made: Any, given: dict[str, Any]) -> Any:
    for name, value in given.items():
        setattr(made, name, value)
    return made


def main() -> None:
    complaints = service.Complaints("ibapi")
    clients: dict[str, Client] = {}
    while (task := service.read()) is not None:
        action, name = task.pop("do"), task.pop("client", "")
        if action == "complaints":
            service.answer(complaints.take())
            continue
        if action == "connect":
            clients[name] = Client(complaints)
        action = {"connect": "join", "disconnect": "leave"}.get(action, action)
        try:
            service.answer(getattr(clients[name], action)(**task))
        except Exception:  # noqa: BLE001  whoever asked is told of anything
            service.apologize()
    for client in clients.values():
        client.leave()


if __name__ == "__main__":
    main()

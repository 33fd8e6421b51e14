"""Does with ib_insync or ib_async, which are used alike, what standard input asks for."""

from __future__ import annotations

import asyncio
import importlib
import sys
from functools import partial
from typing import Any

import service
import told

_SECONDS = 30.0
_WHAT_IF_SECONDS = 5.0
_ID_IN_USE = 326
_REFUSALS = (TimeoutError, OSError)
_EVENTS = told.EVENTS | {"completedOrder": ("completed", told.completed)}


class Client:
    """One connection; whatever its callbacks say is kept in the order in which it came."""

    def __init__(self, library: Any, ib: Any, log: list[Any]) -> None:
        self.library, self.ib, self.log = library, ib, log
        self.bars: Any = []

    # --- the session --------------------------------------------------------------------------

    async def connect(self, port: int, client_id: int) -> dict[str, Any]:
        wanted = {"host": "127.0.0.1", "port": port, "clientId": client_id, "timeout": _SECONDS}
        joining = asyncio.ensure_future(self.ib.connectAsync(**wanted))

        def give_up(_id: int, code: int, *_: Any) -> None:
            # The library itself would wait until its time is up.
            if code == _ID_IN_USE:
                joining.cancel()

        self.ib.errorEvent += give_up
        try:
            await joining
        except (*_REFUSALS, asyncio.CancelledError):
            return {"refused": [said["code"] for kind, said in self.take() if kind == "error"]}
        finally:
            self.ib.errorEvent -= give_up
        self.log.clear()
        client = self.ib.client
        accounts, next_id = client.getAccounts(), client.getReqId()
        return {"version": client.serverVersion(), "accounts": accounts, "next_id": next_id}

    async def disconnect(self, *, lingers: bool = False) -> None:
        self.ib.disconnect()
        await asyncio.sleep(0)

    async def settle(self) -> list[Any]:
        """Everything that was said up to now."""
        await self._within(self.ib.reqCurrentTimeAsync())
        return self.take()

    async def time(self) -> str:
        return told.moment(await self._within(self.ib.reqCurrentTimeAsync()))

    def take(self) -> list[Any]:
        taken = list(self.log)
        self.log.clear()
        return taken

    # --- contracts, prices, accounts ----------------------------------------------------------

    async def details(self, contract: dict[str, Any]) -> list[Any]:
        found = await self._within(self.ib.reqContractDetailsAsync(self._contract(contract)))
        return [told.details(one) for one in found]

    async def matching(self, pattern: str) -> list[Any]:
        found = await self._within(self.ib.reqMatchingSymbolsAsync(pattern))
        return [told.contract(one.contract) for one in found]

    async def rule(self, number: int) -> list[Any]:
        found = await self._within(self.ib.reqMarketRuleAsync(number))
        return [[step.lowEdge, step.increment] for step in found]

    async def head(self, contract: dict[str, Any], form: int) -> str:
        wanted = (self._contract(contract), "TRADES", True, form)
        return told.moment(await self._within(self.ib.reqHeadTimeStampAsync(*wanted)))

    async def history(
        self, contract: dict[str, Any], duration: str, size: str, form: int, **rest: Any
    ) -> list[Any]:
        bars = await self._within(
            self.ib.reqHistoricalDataAsync(
                self._contract(contract),
                rest.get("end", ""),
                duration,
                size,
                rest.get("show", "TRADES"),
                rest.get("rth", True),
                formatDate=form,
                timeout=rest.get("patience", _SECONDS),
            )
        )
        return [told.bar(one) for one in bars]

    async def keep(self, contract: dict[str, Any], size: str) -> list[Any]:
        """Ask for a day's bars that are kept up to date."""
        wanted = (self._contract(contract), "", "1 D", size, "TRADES", True)
        asked = self.ib.reqHistoricalDataAsync(*wanted, formatDate=2, keepUpToDate=True)
        self.bars = await self._within(asked)
        return await self.kept()

    async def kept(self) -> list[Any]:
        """What has become of such bars."""
        await self.time()
        return [told.bar(one) for one in self.bars]

    async def end_kept(self) -> None:
        self.ib.cancelHistoricalData(self.bars)

    async def data_type(self, wanted: int) -> None:
        self.ib.reqMarketDataType(wanted)

    async def quote(self, contract: dict[str, Any]) -> dict[str, Any]:
        (ticker,) = await self._within(self.ib.reqTickersAsync(self._contract(contract)))
        names = ("bid", "ask", "last", "close", "bidSize", "askSize")
        return {name: told.number(getattr(ticker, name)) for name in names}

    async def stream(self, contract: dict[str, Any]) -> None:
        self.ib.reqMktData(self._contract(contract))

    async def streamed(self, contract: dict[str, Any]) -> dict[str, Any]:
        """What a stream has come to."""
        await self._within(self.ib.reqCurrentTimeAsync())
        ticker = self._ticker(contract)
        return {name: told.number(getattr(ticker, name)) for name in ("bid", "ask", "last")}

    async def end_stream(self, contract: dict[str, Any]) -> None:
        self.ib.cancelMktData(self._ticker(contract).contract)

    async def positions(self) -> list[Any]:
        return await self._told("position", self.ib.reqPositionsAsync)

    async def account(self, account: str) -> dict[str, Any]:
        held = await self._told("portfolio", partial(self.ib.reqAccountUpdatesAsync, account))
        rows = self.ib.accountValues(account)
        return {"portfolio": held, "values": {f"{r.tag} {r.currency}": r.value for r in rows}}

    async def summary(self) -> list[Any]:
        rows = await self._within(self.ib.accountSummaryAsync())
        return [[row.account, row.tag, row.value, row.currency] for row in rows]

    async def account_multi(self, account: str) -> int:
        await self._within(self.ib.reqAccountUpdatesMultiAsync(account))
        return len(self.ib.accountValues(account))

    # --- orders -------------------------------------------------------------------------------

    async def place(self, order_id: int, contract: dict[str, Any], order: dict[str, Any]) -> None:
        wanted = self.library.Order(orderId=order_id, **order)
        known = self.ib.wrapper.trades.get((self.ib.wrapper.clientId, order_id))
        if known is not None and known.isDone():
            # The library's own check refuses this; the gateway's is meant.
            self.ib.client.placeOrder(order_id, self._contract(contract), wanted)
        else:
            self.ib.placeOrder(self._contract(contract), wanted)
        await self.time()  # by now the gateway has taken it

    async def what_if(self, contract: dict[str, Any], order: dict[str, Any]) -> Any:
        asked = self.ib.whatIfOrderAsync(self._contract(contract), self.library.Order(**order))
        try:
            state = await asyncio.wait_for(asked, _WHAT_IF_SECONDS)
        except TimeoutError:
            return None
        return told.margins(state) if state else None

    async def cancel(self, order_id: int) -> None:
        known = self.ib.wrapper.trades.get((self.ib.wrapper.clientId, order_id))
        if known is None:
            self.ib.client.cancelOrder(order_id)
        else:
            self.ib.cancelOrder(known.order)
        await self.time()

    async def cancel_all(self) -> None:
        self.ib.reqGlobalCancel()
        await self.time()

    async def open_orders(self) -> list[Any]:
        return await self._told("open", self.ib.reqOpenOrdersAsync)

    async def all_open_orders(self) -> list[Any]:
        return await self._told("open", self.ib.reqAllOpenOrdersAsync)

    async def bind(self) -> None:
        self.ib.reqAutoOpenOrders(True)

    async def completed(self) -> list[Any]:
        return await self._told("completed", partial(self.ib.reqCompletedOrdersAsync, False))

    async def executions(self, client_id: int = 0) -> dict[str, Any]:
        wanted = self.library.ExecutionFilter(clientId=client_id)
        start = len(self.log)
        fills = await self._told("fill", partial(self.ib.reqExecutionsAsync, wanted))
        return {"fills": fills, "commissions": self._pick("commission", start)}

    async def local_status(self, order_id: int) -> str:
        """What the library itself believes of an order."""
        return self.ib.wrapper.trades[(self.ib.wrapper.clientId, order_id)].orderStatus.status

    # --- parts --------------------------------------------------------------------------------

    def _contract(self, contract: dict[str, Any]) -> Any:
        return self.library.Contract(**contract)

    def _ticker(self, contract: dict[str, Any]) -> Any:
        wanted = self._contract(contract)
        return next(one for one in self.ib.tickers() if one.contract == wanted)

    async def _within(self, awaitable: Any) -> Any:
        return await asyncio.wait_for(awaitable, _SECONDS)

    async def _told(self, kind: str, ask: Any) -> list[Any]:
        # What is on its way belongs to no answer.
        await self._within(self.ib.reqCurrentTimeAsync())
        start = len(self.log)
        await self._within(ask())
        return self._pick(kind, start)

    def _pick(self, kind: str, start: int) -> list[Any]:
        """What was said of a kind; with the statuses of orders it leaves the log."""
        found = [said for name, said in self.log[start:] if name == kind]
        rest = [one for one in self.log[start:] if one[0] not in {kind, "status"}]
        self.log[start:] = rest
        return found


def main(name: str) -> None:
    library = importlib.import_module(name)
    kept = importlib.import_module(f"{name}.ib")
    kept.Wrapper = _keeping(kept.Wrapper)
    complaints = service.Complaints(name)
    asyncio.run(_serve(library, complaints))


def _keeping(base: type) -> type:
    """The library's wrapper, which also keeps what its callbacks are told."""

    def kept(name: str, kind: str, form: Any) -> Any:
        original = getattr(base, name)

        def call(self: Any, *values: Any) -> Any:
            self.__dict__.setdefault("told", []).append([kind, form(*values)])
            return original(self, *values)

        return call

    methods = {name: kept(name, kind, form) for name, (kind, form) in _EVENTS.items()}
    return type("KeepingWrapper", (base,), methods)


async def _serve(library: Any, complaints: service.Complaints) -> None:
    clients: dict[str, Client] = {}
    loop = asyncio.get_running_loop()
    while (task := await loop.run_in_executor(None, service.read)) is not None:
        action, name = task.pop("do"), task.pop("client", "")
        if action == "complaints":
            service.answer(complaints.take())
            continue
        if action == "connect":
            ib = library.IB()
            clients[name] = Client(library, ib, ib.wrapper.__dict__.setdefault("told", []))
        try:
            service.answer(await getattr(clients[name], action)(**task))
        except Exception:  # noqa: BLE001  whoever asked is told of anything
            service.apologize()
    for client in clients.values():
        client.ib.disconnect()


if __name__ == "__main__":
    main(sys.argv[1])

"""Cash, positions, realized profits and executions: what fills leave behind.

Amounts are exact decimals. A position carries its cost, to six decimal places; its average is only
derived. So at every moment, in each account and currency,

    cash + cost of the positions - realized profit

is what it was when the gateway started. A future moves no cash by its price, only by its profit, so
there cash less realized profit stays what it was; and a pair of currencies swaps one cash for the
other. A split changes quantities and averages, and no cost.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any, Final

from sellkit.simgateway.currencies import Rates
from sellkit.simgateway.orders.lot import COST_STEP, Lot, added
from sellkit.simgateway.orders.successors import Successors
from sellkit.simgateway.scenario import Holding

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from fractions import Fraction

    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.scenario import Scenario, Security

# Interactive Brokers keeps fractions of shares to four decimal places.
_SHARE_STEP: Final = Decimal("0.0001")
_FAMILY: Final = "0000e0d5"
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One fill, or the correction of one.

    Attributes
    ----------
    order
        The order with this fill counted.
    exec_id
        All but what stands behind the last dot names the fill; a correction counts that up.
    commission, realized
        What it cost, and the profit where it closed something; None where it opened.
    """

    order: Order
    exec_id: str
    time: dt.datetime
    quantity: Decimal
    price: Decimal
    commission: Decimal
    realized: Decimal | None

    @property
    def family(self) -> str:
        """What the fill and its corrections have in common."""
        return self.exec_id.rpartition(".")[0]


class Ledger:
    """The books of all accounts.

    Attributes
    ----------
    executions
        Every fill and every correction, oldest first.
    rates
        What currencies are worth; may be replaced while the gateway runs.
    changes
        Counts up with every change of a position or of cash.
    successors
        Contracts that were renamed; what comes later to an old one is booked on the new one.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.executions: list[Execution] = []
        self._forgotten = 0
        self.rates = scenario.rates
        self.changes = 0
        self.successors = Successors()
        self._holdings = {(h.account, h.security.con_id): h for h in scenario.holdings}
        self._lots = {
            key: Lot(h.quantity, h.quantity * h.average_cost) for key, h in self._holdings.items()
        }
        self._cash: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self._bases: dict[str, str] = {}
        for account in scenario.accounts:
            funds = scenario.funds_of(account)
            self._bases[account] = funds.currency
            for currency, amount in {funds.currency: ZERO, **funds.cash}.items():
                self._cash[account, currency] = amount
        self._realized: dict[tuple[str, int], Decimal] = defaultdict(Decimal)

    def holdings(self, account: str | None = None) -> list[Holding]:
        """Positions that are not zero, of one account or of all."""
        return [
            held
            for held in self._holdings.values()
            if held.quantity and account in (None, held.account)
        ]

    def holding(self, account: str, security: Security) -> Holding:
        """A position, of zero as well."""
        nothing = Holding(account, security, ZERO, ZERO)
        return self._holdings.get((account, security.con_id), nothing)

    def hold(self, holding: Holding) -> None:
        """Set a position from outside; the cash stays as it is."""
        key = (holding.account, holding.security.con_id)
        self.changes += 1
        self._holdings[key] = holding
        self._lots[key] = Lot(holding.quantity, holding.quantity * holding.average_cost)

    def cash(self, account: str) -> dict[str, Decimal]:
        """The cash of an account by currency; the base currency is always there."""
        return {currency: sum_ for (own, currency), sum_ in self._cash.items() if own == account}

    def base(self, account: str) -> str:
        """The currency in which an account is summed up."""
        return self._bases[account]

    def in_base(self, account: str, amount: Decimal, currency: str) -> Decimal:
        """An amount in the account's base currency."""
        return amount * self.rates.of(currency, self._bases[account])

    def total_cash(self, account: str) -> Decimal:
        """The cash of an account in its base currency."""
        cash = self.cash(account)
        return sum((self.in_base(account, cash[one], one) for one in cash), ZERO)

    def realized_by_currency(self, account: str) -> dict[str, Decimal]:
        """The profit of an account since the gateway started, by currency."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for (own, con_id), gain in self._realized.items():
            if own == account:
                found[self._holdings[own, con_id].security.currency] += gain
        return dict(found)

    def cost(self, account: str, security: Security) -> Decimal:
        """What a position cost in all, negative when short."""
        lot = self._lots.get((account, security.con_id))
        return lot.cost if lot else ZERO

    def realized(self, account: str, security: Security) -> Decimal:
        """The profit that was realized in a contract since the gateway started."""
        return self._realized.get((account, security.con_id), ZERO)

    def fill(
        self,
        order: Order,
        quantity: Decimal,
        price: Decimal,
        commission: Decimal,
        time: dt.datetime,
    ) -> Execution:
        """Book a fill; `order` has it counted already."""
        terms, security = order.terms, self.successors.of(order.terms.security)
        self.changes += 1
        key = (terms.account, security.con_id)
        before = self._lots.get(key, Lot(ZERO, ZERO))
        signed = terms.sign * quantity
        paid = signed * price * terms.security.units + commission
        gain, closes = ZERO, False
        if terms.security.is_currency_pair:
            self._cash[terms.account, terms.security.symbol] += signed
        else:
            after, gain = added(before, signed, paid)
            closes = before.quantity * signed < 0
            self._put(terms.account, security, after)
            self._realized[key] += gain
        is_daily = terms.security.is_settled_daily
        self._cash[terms.account, terms.security.currency] -= -gain if is_daily else paid
        execution = Execution(
            order=order,
            exec_id=f"{_FAMILY}.{0x65430001 + self._forgotten + len(self.executions):08x}.01.01",
            time=time,
            quantity=quantity,
            price=price,
            commission=commission,
            realized=gain if closes else None,
        )
        self.executions.append(execution)
        return execution

    def latest(self, exec_id: str) -> Execution:
        """The execution with an id, which no correction has replaced.

        Raises
        ------
        KeyError
            There is none.
        """
        family = exec_id.rpartition(".")[0]
        found = next((e for e in reversed(self.executions) if e.family == family), None)
        if found is None or found.exec_id != exec_id:
            raise KeyError(f"{exec_id} is not the latest execution of its family")
        return found

    def correct(self, latest: Execution, order: Order, price: Decimal) -> Execution:
        """Book another price for a fill; `order` has it counted already."""
        terms, realized = latest.order.terms, latest.realized
        security = self.successors.of(terms.security)
        self.changes += 1
        paid_more = terms.sign * (price - latest.price) * latest.quantity * terms.security.units
        key = (terms.account, security.con_id)
        lot = self._lots.get(key, Lot(ZERO, ZERO))
        keeps_cost = lot.quantity * terms.sign > 0 and realized is None
        if not (security.is_settled_daily and keeps_cost):
            self._cash[terms.account, security.currency] -= paid_more
        if keeps_cost:
            self._put(terms.account, security, Lot(lot.quantity, lot.cost + paid_more))
        elif not security.is_currency_pair:
            self._realized[key] -= paid_more
            realized = (realized or ZERO) - paid_more
        number = int(latest.exec_id.rpartition(".")[2]) + 1
        corrected = replace(
            latest,
            order=order,
            exec_id=f"{latest.family}.{number:02d}",
            price=price,
            realized=realized,
        )
        self.executions.append(corrected)
        return corrected

    def state(self) -> dict[str, object]:
        """Positions, cash, profits and the count of executions, as plain data for `restore`."""
        return {
            "lots": [
                (account, held.security, lot.quantity, lot.cost, held.average_cost)
                for (account, con_id), lot in self._lots.items()
                for held in (self._holdings[account, con_id],)
            ],
            "cash": [(*key, amount) for key, amount in self._cash.items()],
            "realized": [(*key, gain) for key, gain in self._realized.items()],
            "rates": list(self.rates.dollars.items()),
            "successors": self.successors.state(),
            "executions": self._forgotten + len(self.executions),
        }

    def restore(self, state: Mapping[str, Any], executions: list[Execution]) -> None:
        """Hold what `state` gave, and of the executions those that are not forgotten."""
        self._lots.clear()
        self._holdings.clear()
        for account, security, quantity, cost, average in state["lots"]:
            self._lots[account, security.con_id] = Lot(quantity, cost)
            held = Holding(account, security, quantity, average)
            self._holdings[account, security.con_id] = held
        self._cash.clear()
        self._cash.update({(account, name): amount for account, name, amount in state["cash"]})
        self._realized.clear()
        self._realized.update({(own, con_id): gain for own, con_id, gain in state["realized"]})
        self.rates = Rates(dict(state["rates"]))
        self.successors.restore(state.get("successors", ()))
        self.changes += 1
        self.executions = executions
        self._forgotten = state["executions"] - len(executions)

    def convert(self, old: Security, new: Security, ratio: Fraction) -> list[str]:
        """Turn every position in a contract into one in its successor, at the same cost in all.

        Parameters
        ----------
        ratio
            New shares for each old one; what is less than a ten thousandth of a share is lost.

        Returns
        -------
        list of str
            The accounts that have or had a position.
        """
        self.changes += 1
        self.successors.add(old, new)
        accounts = [account for account, con_id in self._holdings if con_id == old.con_id]
        for account in accounts:
            lot = self._lots[account, old.con_id]
            quantity = lot.quantity * ratio.numerator / ratio.denominator
            if quantity % _SHARE_STEP:
                quantity = quantity.quantize(_SHARE_STEP, ROUND_DOWN)
            gain = ZERO if quantity else -lot.cost
            gain += self._realized.pop((account, old.con_id), ZERO)
            self._put(account, old, Lot(ZERO, ZERO))
            self._put(account, new, Lot(quantity, lot.cost if quantity else ZERO))
            self._realized[account, new.con_id] += gain
        return accounts

    def _put(self, account: str, security: Security, lot: Lot) -> None:
        key = (account, security.con_id)
        average = ZERO
        if lot.quantity:
            average = (lot.cost / lot.quantity).quantize(COST_STEP)
        self._lots[key] = lot
        self._holdings[key] = Holding(account, security, lot.quantity, average)

"""Why an order is refused: each check looks at one thing and gives a refusal, or nothing."""

from __future__ import annotations

from decimal import DecimalException
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.figures import LARGEST
from sellkit.simgateway.history import NOT_VALID, Refused
from sellkit.simgateway.orders.commissions import Margins, commission, margin_rates, margins
from sellkit.simgateway.orders.matching import price_of
from sellkit.simgateway.orders.order import LIMITED, OFFERED, TIMES_IN_FORCE, ZERO
from sellkit.simgateway.orders.standing import BEYOND_RECKONING
from sellkit.simgateway.orders.trailing import complaint

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from decimal import Decimal

    from sellkit.simgateway.orders.book import Book
    from sellkit.simgateway.orders.floor import Floor
    from sellkit.simgateway.orders.order import Order, Terms
    from sellkit.simgateway.orders.reading import OrderRequest

DUPLICATE_ID: Final = 103
ALREADY_FILLED: Final = 104
NOT_THE_SAME: Final = 105
OFF_THE_TICK: Final = 110
REJECTED: Final = 201
UNSUPPORTED_TYPE: Final = 387
NO_SIZE: Final = 434
E_TRADE_ONLY: Final = 10268
FRACTION: Final = 10243


def rejected(reason: str) -> Refused:
    """The refusal that rejects an order for a reason."""
    return Refused(REJECTED, f"Order rejected - reason:{reason}")


# --- what the request itself says -----------------------------------------------------------------


def of_request(request: OrderRequest, floor: Floor) -> Refused | None:
    """Whether a request asks for something that is not to be had here."""
    habits = floor.habits
    is_for_machines = request.e_trade_only or request.firm_quote_only
    if not request.query.exchange:
        return Refused(NOT_VALID, "Error validating request: Missing order exchange")
    if is_for_machines and habits.refuses_e_trade_only:
        name = "EtradeOnly" if request.e_trade_only else "FirmQuoteOnly"
        return Refused(E_TRADE_ONLY, f"The '{name}' order attribute is not supported.")
    if request.beyond:
        what = ", ".join(request.beyond)
        return Refused(NOT_VALID, f"{what}: not offered by this gateway yet")
    return _figures(request)


def _figures(request: OrderRequest) -> Refused | None:
    """Whether the size is one, and every figure can be reckoned with."""
    figures = (
        request.quantity,
        request.limit_price,
        request.aux_price,
        request.trail_stop_price,
        request.trailing_percent,
    )
    if any(figure is not None and abs(figure) > LARGEST for figure in figures):
        text = f"Error validating request: no size, price or percentage is above {LARGEST:f}"
        return Refused(NOT_VALID, text)
    if request.quantity is None or request.quantity <= 0:
        return Refused(NO_SIZE, "The order size cannot be zero.")
    if request.quantity != request.quantity.to_integral_value():
        return Refused(FRACTION, "Fractional-sized order cannot be placed via API.")
    return None


# --- what the terms ask for -----------------------------------------------------------------------


def of_terms(terms: Terms, floor: Floor) -> Refused | None:
    """Whether the terms make an order, whatever the account holds."""
    return (
        _kind(terms)
        or _prices(terms)
        or _ticks(terms, floor)
        or (
            rejected("No trading permission for this contract.")
            if terms.security.symbol in floor.habits.no_permission
            or terms.security.sec_type == "IND"
            else None
        )
    )


def _kind(terms: Terms) -> Refused | None:
    if terms.action not in ("BUY", "SELL"):
        return Refused(NOT_VALID, f"Error validating request: no action {terms.action!r}")
    if terms.order_type not in OFFERED:
        text = f"Unsupported order type for this exchange and security type: {terms.order_type!r}"
        return Refused(UNSUPPORTED_TYPE, text)
    if terms.time_in_force not in TIMES_IN_FORCE:
        return rejected(f"Invalid time in force {terms.time_in_force!r}.")
    if terms.time_in_force == "IOC" and terms.order_type == "MOC":
        return rejected("A market-on-close order cannot be immediate.")
    return None


def _prices(terms: Terms) -> Refused | None:
    limit, aux = terms.limit_price, terms.aux_price
    if terms.order_type in LIMITED and (limit is None or limit <= 0):
        return rejected("The limit price must be above zero.")
    if terms.order_type in ("STP", "STP LMT") and (aux is None or aux <= 0):
        return rejected("The stop price must be above zero.")
    return _trail(terms) if terms.order_type == "TRAIL" else None


def _trail(terms: Terms) -> Refused | None:
    why = complaint(terms)
    return None if why is None else rejected(why)


def _ticks(terms: Terms, floor: Floor) -> Refused | None:
    rule = floor.rules.of(terms.security, terms.exchange)
    prices = [terms.limit_price if terms.order_type in LIMITED else None]
    if terms.order_type in ("STP", "STP LMT"):
        prices.append(terms.aux_price)
    is_off = any(price is not None and price % rule.step(price) for price in prices)
    # A trailing stop's distance is no price, so it belongs to no band.
    distance = terms.aux_price if terms.order_type == "TRAIL" else None
    if is_off or (distance is not None and distance % rule.smallest):
        return Refused(
            OFF_THE_TICK,
            "The price does not conform to the minimum price variation for this contract.",
        )
    return None


# --- what the account and the market say ----------------------------------------------------------


def of_market(order: Order, floor: Floor, now: dt.datetime) -> Refused | None:
    """Whether the account and the market bear an order, and it can be reckoned with."""
    checks: tuple[Callable[[Order, Floor, dt.datetime], Refused | None], ...] = (
        _hours,
        _count,
        _band,
        _money,
    )
    refusals = (check(order, floor, now) for check in checks)
    try:
        return of_shares(order, floor) or next(filter(None, refusals), None)
    except DecimalException:
        return rejected(BEYOND_RECKONING)


def _hours(order: Order, floor: Floor, now: dt.datetime) -> Refused | None:
    """Whether an order that must trade at once can: there is nobody to trade with at night."""
    if not floor.is_due_at_once(order) or floor.hours.is_open(order, now):
        return None
    return rejected("Exchange is closed.")


def _count(order: Order, floor: Floor, now: dt.datetime) -> Refused | None:
    rivals = [o for o in floor.book.rivals(order) if o.terms.action == order.terms.action]
    most = floor.habits.max_active
    if len(rivals) < most:
        return None
    return rejected(f"There are {most} active orders on this side of the contract already.")


def _band(order: Order, floor: Floor, now: dt.datetime) -> Refused | None:
    band, terms = floor.habits.price_band, order.terms
    quote = floor.quotes.of(terms.security, now)
    limited = terms.order_type in LIMITED
    if band is None or quote is None or terms.limit_price is None or not limited:
        return None
    touch = price_of(quote.ask if terms.sign > 0 else quote.bid)
    if (terms.limit_price - touch) * terms.sign <= touch * band:
        return None
    return rejected(f"The limit price {terms.limit_price:f} is too far beyond the market.")


def of_shares(order: Order, floor: Floor) -> Refused | None:
    """Whether a sale in a cash account is covered by shares that no other order claims."""
    terms = order.terms
    is_margin = terms.account in floor.margin_accounts
    if terms.sign > 0 or is_margin or floor.book.is_parent_open(order):
        return None
    held = floor.ledger.holding(terms.account, terms.security).quantity
    if terms.security.is_currency_pair:
        held = floor.ledger.cash(terms.account).get(terms.security.symbol, ZERO)
    if claimed(order, floor.book) + order.remaining <= held:
        return None
    return rejected(
        f"The shares are claimed already: {held:f} held, {claimed(order, floor.book):f} in "
        "working orders, and a cash account cannot sell short."
    )


def claimed(order: Order, book: Book) -> Decimal:
    """Shares that other working sales claim; of a group only one sale can fill."""
    groups: dict[object, Decimal] = {}
    for other in book.rivals(order):
        if other.terms.sign > 0 or book.is_parent_open(other):
            continue
        name = other.terms.oca_group or other.parent_perm_id or (other.perm_id,)
        groups[name] = max(groups.get(name, ZERO), other.remaining)
    own = order.terms.oca_group or order.parent_perm_id
    if own in groups:
        groups[own] = max(ZERO, groups[own] - order.remaining)
    return sum(groups.values(), ZERO)


def _money(order: Order, floor: Floor, now: dt.datetime) -> Refused | None:
    """Whether the account can pay for a purchase, or put up the margin."""
    terms = order.terms
    if terms.account in floor.margin_accounts:
        asked = what_if(order, floor, now)
        initial, _, equity = asked.after
        if asked.change[0] <= 0 or initial <= equity:
            return None
        return rejected(f"The initial margin {initial} would exceed the equity {equity}.")
    if terms.sign < 0:
        return None
    currency = terms.security.currency
    wanted = cost_of(order, floor, now)
    bound = sum(
        (
            _bound_by(other, floor, now)
            for other in floor.book.working()
            if other.terms.sign > 0
            and other.terms.account == terms.account
            and other.terms.security.currency == currency
            and other.perm_id != order.perm_id
        ),
        ZERO,
    )
    # Nothing is borrowed in a cash account, so another currency has to be exchanged first.
    cash = floor.ledger.cash(terms.account).get(currency, ZERO)
    if wanted + bound <= cash:
        return None
    return rejected(
        f"The cash of {cash:.2f} {currency} does not cover {wanted:.2f} and {bound:.2f} bound."
    )


def _bound_by(working: Order, floor: Floor, now: dt.datetime) -> Decimal:
    """The same of a working order; what no quote changes is kept until the order changes."""
    kept = floor.book.costs.get(working.perm_id)
    if kept is not None:
        return kept
    cost = cost_of(working, floor, now)
    if working.terms.order_type in LIMITED or working.terms.order_type == "STP":
        floor.book.costs[working.perm_id] = cost
    return cost


def cost_of(order: Order, floor: Floor, now: dt.datetime) -> Decimal:
    """What the rest of a purchase takes of the cash, its commission included.

    For a future that is its initial margin.
    """
    security = order.terms.security
    value = order.remaining * estimate(order, floor, now) * security.units
    bound = value
    if security.is_settled_daily:
        bound = value * margin_rates(security, is_margin=False)[0]
    return bound + commission(security, order.remaining, value)


def estimate(order: Order, floor: Floor, now: dt.datetime) -> Decimal:
    """The price at which an order may be expected to fill, 0 where nobody knows."""
    terms = order.terms
    if terms.order_type in LIMITED and terms.limit_price is not None:
        return terms.limit_price
    if terms.order_type == "STP" and terms.aux_price is not None:
        return terms.aux_price
    quote = floor.quotes.of(terms.security, now)
    if quote is None:
        return ZERO
    return price_of(quote.ask if terms.sign > 0 else quote.bid)


def what_if(order: Order, floor: Floor, now: dt.datetime) -> Margins:
    """What would become of the account if the order filled."""
    account = order.terms.account
    return margins(
        order,
        estimate(order, floor, now),
        floor.valuer.positions(account, now),
        floor.ledger,
        is_margin=account in floor.margin_accounts,
    )

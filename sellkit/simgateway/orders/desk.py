"""What clients ask of the floor: to place, change, price and cancel orders."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.history import Refused
from sellkit.simgateway.orders import checks, intervention, trailing
from sellkit.simgateway.orders.events import Bound, Changed, Charged, Executed, Noted, Told
from sellkit.simgateway.orders.order import (
    CANCELLED,
    FILLED,
    INACTIVE,
    PENDING_CANCEL,
    PRE_SUBMITTED,
    Order,
)
from sellkit.simgateway.orders.standing import standing_alone, within_reckoning

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.simgateway.orders.commissions import Margins
    from sellkit.simgateway.orders.floor import Floor
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.order import Terms

NO_SUCH_ORDER: Final = 10147
CANNOT_CANCEL: Final = 10148
PRESET: Final = 10349
_WHAT_A_CHANGE_KEEPS: Final = ("account", "security", "action")


def place(
    floor: Floor,
    key: tuple[int, int],
    terms: Terms,
    now: dt.datetime,
    *,
    was_preset: bool = False,
) -> Refused | None:
    """Place an order, or change the one that has its id.

    Parameters
    ----------
    key
        The client and its order id.
    was_preset
        The client named no time in force.

    Returns
    -------
    Refused or None
        Why nothing came of it, where that is not noted with the order's status.
    """
    known = floor.book.find(*key)
    if known is not None and known.is_on_hold:
        return _change_held(floor, known, terms, now)
    if known is not None and known.is_working:
        return _change(floor, known, terms, now)
    # Above the highest id the order is new, even where one had this id before a roll-back.
    if key[1] <= floor.book.highest(key[0]):
        if known is not None and known.status == FILLED:
            return Refused(checks.ALREADY_FILLED, "Cannot modify a filled order.")
        return Refused(checks.DUPLICATE_ID, "Duplicate order id")
    order = Order(
        terms=terms,
        client_id=key[0],
        order_id=key[1],
        perm_id=floor.book.take_perm_id(),
        placed_at=now,
        is_on_hold=True,
        is_unheard=key in floor.unheard,
        is_unlisted=floor.unheard.get(key, False),
    )
    if was_preset and floor.habits.warns_of_preset:
        floor.note(Noted(order, PRESET, "Order TIF was set to DAY based on order preset."))
    _take(floor, order, now)
    return None


def place_by_hand(floor: Floor, terms: Terms, now: dt.datetime, *, binds: bool) -> Order:
    """Place an order as a person does in the terminal: without an order id.

    `binds`: client 0 takes it over at once.
    """
    perm_id = floor.book.take_perm_id()
    order = Order(terms=terms, client_id=0, order_id=0, perm_id=perm_id, placed_at=now)
    if binds:
        order = floor.book.bind(order)
    floor.accept(trailing.anchored(order, floor.quotes, now), now)
    with standing_alone(floor, order, now):
        floor.look(order, now)
    return floor.book.now(order)


def price(
    floor: Floor, key: tuple[int, int], terms: Terms, now: dt.datetime
) -> tuple[Order, Margins] | Refused:
    """What would become of the account; nothing is placed."""
    known = floor.book.find(*key)
    is_change = known is not None and (known.is_working or known.is_on_hold)
    number = known.perm_id if known is not None and is_change else 0
    order = Order(terms=terms, client_id=key[0], order_id=key[1], perm_id=number)
    parent = _parent(floor, order)
    if parent is not None:
        order = replace(order, parent_perm_id=parent.perm_id)
    refusal = checks.of_terms(terms, floor) or checks.of_market(order, floor, now)
    return refusal or (order, checks.what_if(order, floor, now))


def cancel(floor: Floor, key: tuple[int, int], now: dt.datetime) -> Refused | None:
    """Cancel a client's order; a refusal where there is nothing to cancel."""
    order = floor.book.find(*key)
    forgotten = dt.timedelta(seconds=floor.habits.forgets_ended_after_seconds)
    is_old = order is not None and order.ended_at is not None and now - order.ended_at > forgotten
    if order is None or is_old or order.status == INACTIVE:
        text = f"OrderId {key[1]} that needs to be cancelled is not found."
        return Refused(NO_SUCH_ORDER, text)
    if order.status in (FILLED, CANCELLED, PENDING_CANCEL):
        text = f"OrderId {key[1]} that needs to be cancelled cannot be cancelled, state: "
        return Refused(CANNOT_CANCEL, f"{text}{order.status}.")
    _withdraw(floor, order, now)
    return None


def cancel_all(floor: Floor, now: dt.datetime) -> None:
    """Cancel every working order, whoever placed it."""
    for order in floor.book.working():
        current = floor.book.now(order)
        if current.is_working and current.status != PENDING_CANCEL:
            _withdraw(floor, current, now)


def cancel_by_hand(floor: Floor, perm_id: int, now: dt.datetime) -> None:
    """Cancel any order, as a person can in the terminal.

    Raises
    ------
    KeyError
        No working order has that number.
    """
    _withdraw(floor, intervention.find(floor, perm_id), now)


def correct(floor: Floor, exec_id: str, price: Decimal) -> Execution:
    """Correct the price of a fill: a new execution of the same family replaces it.

    Raises
    ------
    KeyError
        It is not the latest execution of its family.
    """
    wrong = floor.ledger.latest(exec_id)
    order = floor.book.now(wrong.order)
    more = (price - wrong.price) * wrong.quantity
    order = floor.book.put(replace(order, value=order.value + more))
    # The execution counts as far as it did before, also where others followed it.
    counted = replace(order, filled=wrong.order.filled, value=wrong.order.value + more)
    right = floor.ledger.correct(wrong, counted, price)
    security = floor.ledger.successors.of(order.terms.security)
    floor.note(Executed(right), Changed(order.terms.account, security), Charged(right))
    return right


def bind(floor: Floor) -> None:
    """Let client 0 take over what was placed by hand."""
    for order in floor.book.working(0):
        if order.order_id == 0:
            floor.note(Bound(floor.book.bind(order)))


def _withdraw(floor: Floor, order: Order, now: dt.datetime) -> None:
    due = now + dt.timedelta(seconds=floor.habits.cancel_after_seconds)
    if floor.habits.cancels_wait_for_open and not floor.hours.is_open(order, now):
        due = max(due, floor.hours.session(order, now).open_utc)
    if due <= now or order.is_on_hold:
        floor.end(order, now)
        return
    order = replace(order, status=PENDING_CANCEL, cancel_due=due)
    floor.note(Told(floor.book.put(order), in_full=False))


def _take(floor: Floor, order: Order, now: dt.datetime) -> None:
    """Take a new order: reject it, keep it on hold, or transmit it."""
    floor.book.put(order)
    terms = order.terms
    parent = _parent(floor, order)
    refusal = checks.of_terms(terms, floor)
    if terms.parent_id and parent is None:
        refusal = checks.rejected(f"There is no parent order {terms.parent_id} that could fill.")
    if parent is not None:
        order = floor.book.put(replace(order, parent_perm_id=parent.perm_id))
    if refusal is not None:
        floor.reject(order, refusal, now)
    else:
        _transmit(floor, order, now)


def _parent(floor: Floor, order: Order) -> Order | None:
    """The order that has to fill before, if there is one that could or did."""
    named = order.terms.parent_id
    parent = floor.book.find(order.client_id, named) if named else None
    if parent is None or parent.status in (CANCELLED, INACTIVE):
        return None
    return None if parent.perm_id == order.perm_id else parent  # nothing waits for itself


def _transmit(floor: Floor, order: Order, now: dt.datetime) -> None:
    """Bring an order to the market, with its parent and siblings that wait for it."""
    if not order.terms.transmit:
        return
    family = sorted((*floor.book.family_on_hold(order), order), key=lambda one: one.order_id)
    for one in family:
        current = floor.book.now(one)
        if not current.is_on_hold:
            continue  # its parent was rejected
        refusal = checks.of_market(current, floor, now)
        if refusal is not None:
            floor.reject(current, refusal, now)
        else:
            floor.accept(trailing.anchored(current, floor.quotes, now), now)
    for one in family:
        with within_reckoning(floor, one, now):
            floor.look(one, now)


def _change_held(floor: Floor, order: Order, terms: Terms, now: dt.datetime) -> Refused | None:
    """Change an order on hold, and transmit it if asked; what is refused leaves it as it is."""
    refusal = _other_order(order, terms) or checks.of_terms(terms, floor)
    if refusal is None:
        _transmit(floor, _asked(floor, order, terms), now)
    return refusal


def _other_order(order: Order, terms: Terms) -> Refused | None:
    """The refusal of terms that are those of another order altogether."""
    if all(getattr(terms, name) == getattr(order.terms, name) for name in _WHAT_A_CHANGE_KEEPS):
        return None
    return Refused(checks.NOT_THE_SAME, "Order being modified does not match original order")


def _change(floor: Floor, order: Order, terms: Terms, now: dt.datetime) -> Refused | None:
    """Change a working order; whatever is refused leaves it as it is."""
    is_other = _other_order(order, terms)
    if is_other is not None:
        return is_other
    if order.status == PENDING_CANCEL:
        return checks.rejected("The order is being cancelled.")
    if terms.quantity <= order.filled:
        return checks.rejected(f"{order.filled:f} of the order are filled already.")
    changed = _asked(floor, order, terms, put=False)
    refusal = checks.of_terms(terms, floor) or checks.of_market(changed, floor, now)
    if refusal is not None:
        return refusal
    changed = trailing.anchored(changed, floor.quotes, now)
    floor.note(Told(floor.book.put(changed)))
    with within_reckoning(floor, changed, now):
        floor.look(changed, now)
    return None


def _asked(floor: Floor, order: Order, terms: Terms, *, put: bool = True) -> Order:
    """An order with new terms; a stop begins anew where its price or kind changed."""
    stop = ("order_type", "aux_price", "trail_stop_price", "trailing_percent")
    is_other = any(getattr(terms, name) != getattr(order.terms, name) for name in stop)
    terms = replace(terms, parent_id=order.terms.parent_id)
    changed = replace(order, terms=terms, expires=None)
    if is_other:
        changed = replace(changed, status=PRE_SUBMITTED, is_elected=False, stop_price=None)
    return floor.book.put(changed) if put else changed

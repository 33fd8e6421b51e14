"""Codes that carry an order's number, or answer one that was placed or cancelled."""

from __future__ import annotations

from typing import Final

from sellkit.core.code_book.entry import Entry
from sellkit.core.reports import Meaning

_ALIVE, _DEAD, _UNKNOWN = Meaning.ORDER_ALIVE, Meaning.ORDER_DEAD, Meaning.UNKNOWN

_RECONCILE: Final = "Run `sellkit reconcile`, which reads what the gateway really holds."
_PRECAUTION: Final = Entry(
    _DEAD,
    "A precaution in the terminal's own settings refused the order for its price or size.",
    "Look at Global Configuration > Presets and raise the limit there if the order is right.",
)
_FRACTION: Final = Entry(
    _DEAD,
    "The gateway takes no fractional number of shares in this order.",
    "Sell the fraction by hand in the terminal; sellkit sells whole shares.",
)
_CHANGE_FAILED: Final = Entry(
    _UNKNOWN,
    "The gateway could not pass the order, or a change of it, on to Interactive Brokers.",
    _RECONCILE,
)
_TOO_LATE: Final = Entry(
    _UNKNOWN,
    "A cancel came when the order could not be cancelled any more; often it had filled.",
    _RECONCILE,
)
_NOT_FOUND: Final = Entry(
    _UNKNOWN,
    "The gateway knows no order of that number: it may have ended, or be another client's.",
    _RECONCILE,
)
_FORM: Final = Entry(
    _UNKNOWN,
    "The order is not complete, or its fields do not fit each other.",
    _RECONCILE,
)

ORDERS: Final[dict[int, Entry]] = {
    103: Entry(
        _UNKNOWN,
        "The order's number is in use already: this order was not taken, and the first may live.",
        _RECONCILE,
    ),
    104: Entry(_UNKNOWN, "An order that has filled was to be changed.", _RECONCILE),
    105: Entry(_UNKNOWN, "A change does not fit the order that it names.", _RECONCILE),
    **dict.fromkeys((107, 111, 113, 140, 141), _FORM),
    **dict.fromkeys((109, 163, 164, 382, 383), _PRECAUTION),
    110: Entry(
        _DEAD,
        "The price does not lie on the contract's price steps, so the order was not taken.",
        "Check orders.limit_offset; the next run rounds by the market's rule and decides afresh.",
    ),
    **dict.fromkeys((133, 134), _CHANGE_FAILED),
    **dict.fromkeys((135, 10147), _NOT_FOUND),
    **dict.fromkeys((136, 161, 10148, 10149), _TOO_LATE),
    154: Entry(
        _UNKNOWN,
        "Trading in this security is halted, and no order in it is passed on.",
        _RECONCILE,
    ),
    201: Entry(
        _DEAD,
        "Interactive Brokers rejected the order; the reason stands in the message's text.",
        "Read the reason, mend its cause, and never send the same order again by hand at once.",
    ),
    202: Entry(
        _DEAD,
        "The order was cancelled, on request or by Interactive Brokers; the text says why.",
        "If nobody asked for it, read the text and look at the position before the next run.",
    ),
    203: Entry(
        _DEAD,
        "The security is not available to this account, or not to be traded in it.",
        "Ask Interactive Brokers, or close the position in the terminal.",
    ),
    387: Entry(
        _DEAD,
        "The type of order is not supported for this contract or at this exchange.",
        "Set orders.type to another kind, or close the position in the terminal.",
    ),
    388: Entry(
        _DEAD,
        "The order is smaller than the least size at this exchange.",
        "Close the position by hand in the terminal.",
    ),
    399: Entry(
        _ALIVE,
        "A remark about a living order, as that it waits until the exchange opens.",
        "Nothing is to be done; the text says what the order waits for.",
    ),
    404: Entry(
        _ALIVE,
        "The order is held because its shares have to be located first, as for a short sale.",
        "Look at the position in the terminal at once: sellkit never sells short.",
    ),
    412: Entry(
        _UNKNOWN,
        "The contract cannot be traded now: it may be delisted, renamed or halted.",
        _RECONCILE,
    ),
    434: Entry(
        _DEAD,
        "The order had a size of zero.",
        "Nothing was placed; look at the position with `sellkit status`.",
    ),
    435: Entry(
        _DEAD,
        "The order named no account, although the login manages several.",
        "Name the account in the settings.",
    ),
    460: Entry(
        _DEAD,
        "The login has no permission to trade this kind of security.",
        "Ask for the permission at Interactive Brokers, or close the position in the terminal.",
    ),
    481: Entry(
        _ALIVE,
        "The order's size was reduced, and it lives on with what is left.",
        "Nothing is to be done; what remains is decided afresh by the next run.",
    ),
    492: Entry(
        _UNKNOWN,
        "A warning about an order of which Interactive Brokers publishes no consequence.",
        _RECONCILE,
    ),
    2102: Entry(
        _ALIVE,
        "An order cannot be changed because it is still being processed.",
        "Wait; the order lives.",
    ),
    2109: Entry(
        _ALIVE,
        "The attribute for trading outside regular hours is ignored for this order.",
        "Nothing is to be done; sellkit trades in regular hours.",
    ),
    2137: Entry(
        _UNKNOWN,
        "The order would turn a long position short, or the other way round.",
        "Stop with `sellkit halt` and look at the position in the terminal.",
    ),
    **dict.fromkeys((*range(10242, 10250), 10252, 10318), _FRACTION),
    10250: Entry(
        _DEAD,
        "The size of the order is not accepted.",
        "Close the position by hand in the terminal.",
    ),
    10268: Entry(
        _DEAD,
        "The order has an attribute that is supported no more (eTradeOnly, firmQuoteOnly).",
        "Nothing was placed; report it, for sellkit never sets it.",
    ),
    10324: Entry(
        _DEAD,
        "An attribute of the order is not supported at this venue.",
        "Close the position by hand in the terminal.",
    ),
    10335: Entry(
        _UNKNOWN,
        "A preset of the terminal altered the order.",
        "Reset the presets in Global Configuration > Presets, then run `sellkit reconcile`.",
    ),
    10349: Entry(
        _ALIVE,
        "A preset of the terminal set the time in force to DAY; the order lives and may fill.",
        "Nothing is to be done, and above all nothing sent again.",
    ),
}

"""Faults of orders, 36 to 74."""

from __future__ import annotations

from typing import Final

from tests.faults.fault import Fault

ORDERS: Final = (
    Fault(36, "killed after the ticket, before it is claimed", "goes on, once"),
    Fault(
        37,
        "killed after the claim, before anything was sent",
        "unknown, with an alert; no second order",
    ),
    Fault(
        38,
        "killed after sending, before any answer; the order rests",
        "found by its reference and adopted",
    ),
    Fault(39, "the same, and the order has filled", "adopted by its executions"),
    Fault(40, "the same, and the order was rejected", "adopted from the completed orders"),
    Fault(
        41,
        "an order is swallowed: no answer ever comes",
        "unknown, looked for, and left to a person; no second order",
    ),
    Fault(
        42,
        "an order is held during an outage and released minutes later",
        "still one order",
    ),
    Fault(
        43,
        "notices that sound like errors (10349, 399, 481) while the order lives",
        "the order stays live in the books; it is not sent again",
    ),
    Fault(
        44,
        "the library calls an order cancelled, and it fills later",
        "the fill is adopted, the position read anew",
    ),
    Fault(45, "the order is rejected (201)", "one attempt, REJECTED, an alert"),
    Fault(
        46,
        "the price is off the tick (110)",
        "REJECTED, although the library leaves it pending for ever",
    ),
    Fault(
        47,
        "order ids go back, and an old one is a duplicate (103)",
        "a new id only once all is reconciled; answers are matched by reference and number",
    ),
    Fault(48, "statuses and executions come twice", "each counts once"),
    Fault(
        49,
        "executions come before the order, and no status ever says filled",
        "the executions count",
    ),
    Fault(
        50,
        "an execution is corrected (.01 becomes .02)",
        "it replaces the first one and is not added",
    ),
    Fault(
        51,
        "a part fills, then silence or a cancel",
        "only the confirmed remainder is ever sent again",
    ),
    Fault(
        52,
        "a cancel meets a fill (10148, Filled)",
        "the position is read anew; nothing left is done",
    ),
    Fault(53, "a cancel is never confirmed", "no closing order is sent"),
    Fault(
        54,
        "a cancel is answered with 10147: not found",
        "completed orders and executions are looked through first",
    ),
    Fault(
        55,
        "the stop on the position is another client's, was placed by hand, or lost its reference",
        "no closing order; an alert that names it",
    ),
    Fault(
        56,
        "the stop fills between its cancel and the close",
        "the quantity is worked out anew; never short",
    ),
    Fault(57, "somebody sells by hand meanwhile", "the change is seen, and the close given up"),
    Fault(
        58,
        "somebody buys more meanwhile",
        "never more than was decided, never more than is held",
    ),
    Fault(59, "the position changes its sign", "everything stops, loudly"),
    Fault(60, "two sellkits on one account", "the second one refuses"),
    Fault(61, "the same bar is judged twice", "the same ticket; one order"),
    Fault(
        62,
        "the clock jumps, or the machine slept",
        "turns are told by the gateway's time; stale ones are left out",
    ),
    Fault(
        63,
        "the order would come at 16:00, or at 13:00 of a half day",
        "as the setting says; nothing queues unseen for the next open",
    ),
    Fault(64, "the symbol is halted", "no order, or one whose waiting is shown"),
    Fault(
        65,
        "the contract is gone when it is to be sold (200)",
        "an alert for that position; no loop; the others go on",
    ),
    Fault(66, "a fraction of a share is held", "the whole shares are sold, the rest is flagged"),
    Fault(67, "a short position under a rule for long ones", "left alone; never a sale"),
    Fault(
        68,
        "two accounts hold the contract",
        "a ticket for the named account alone, and it names it",
    ),
    Fault(
        69,
        "messages wait in the client's queue as the order is to go",
        "waits; what was not sent is not written down as sent",
    ),
    Fault(70, "the journal cannot be written", "nothing is sent"),
    Fault(71, "midnight passes over an unknown order", "unknown until a person settles it"),
    Fault(72, "the kill switch is set between ticket and order", "nothing is sent"),
    Fault(
        73,
        "Interactive Brokers cancels a protective stop",
        "the next check notices, and alerts",
    ),
    Fault(
        74,
        "a second strategy wants the other side of the same contract",
        "one lock for both; the exit goes first",
    ),
)

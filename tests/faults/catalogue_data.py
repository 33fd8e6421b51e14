"""Faults of the data, 20 to 35."""

from __future__ import annotations

from typing import Final

from tests.faults.fault import Fault

DATA: Final = (
    Fault(
        20,
        "the source says that it has no bars (162)",
        "no decision, which is not the same as a close above or below the average",
    ),
    Fault(
        21,
        "the source says that it was asked too much (162, pacing)",
        "waits, asks again, a few times at most; never hammers",
    ),
    Fault(
        22,
        "a request for bars is never answered",
        "an error after the time-out, not an empty answer; no decision",
    ),
    Fault(
        23,
        "the last bar of an answer is still growing",
        "it does not count; the last completed bar decides",
    ),
    Fault(
        24,
        "the last bar is not there yet twenty seconds after the hour",
        "asks again until a deadline, then leaves the hour undecided",
    ),
    Fault(
        25,
        "a bar is corrected later, across the average",
        "the decision stands with the data it was made on, and says how they are told now; no "
        "reversal, no second order",
    ),
    Fault(
        26,
        "bars come twice, overlapping, out of order",
        "each counts once, in its order; the same decision",
    ),
    Fault(
        27,
        "half an hour is missing within the session, as in a halt",
        "that hour is unknown: no decision on it",
    ),
    Fault(
        28,
        "a half day, a holiday, an early close",
        "hours by the calendar; no hour that never was",
    ),
    Fault(
        29,
        "clocks change, and the machine stands in another zone",
        "the same hours of the exchange",
    ),
    Fault(
        30,
        "a split overnight, with prices of before in the store",
        "the overlap disagrees: all is fetched anew, both series are kept, and no order rests on "
        "mixed prices",
    ),
    Fault(
        31,
        "bars with a price of zero, below zero, no number, or a thousandfold",
        "put aside by sense, by the closes beside it and by the quote; no decision that needs it",
    ),
    Fault(
        32,
        "fewer bars than the average is long",
        "no decision, with both numbers",
    ),
    Fault(
        33,
        "a file of bars is torn, or the disk is full",
        "never half a file in use: the fault is named, and a repair fetches the bars anew",
    ),
    Fault(
        34,
        "prices are delayed (10167) or not subscribed (354)",
        "no order rests on them, in a dry run as well; the reason says which it is",
    ),
    Fault(
        35,
        "most positions signal an exit at once",
        "all are withheld until a person has confirmed them",
    ),
)

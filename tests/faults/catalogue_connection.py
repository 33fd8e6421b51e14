"""Faults of the connection, 1 to 19."""

from __future__ import annotations

from typing import Final

from tests.faults.fault import Fault

CONNECTION: Final = (
    Fault(
        1,
        "nothing listens on the port",
        "tries again at growing, uneven intervals; decides nothing; an alert after some attempts",
    ),
    Fault(
        2,
        "the port takes the connection and never greets",
        "gives up in time, hangs up, tries again without haste, alerts",
    ),
    Fault(
        3,
        "the client id is in use",
        "keeps to its id, to which its orders belong, tries again with it, alerts",
    ),
    Fault(
        4,
        "the socket is closed while nothing is asked",
        "a new epoch, every list read anew, ready again",
    ),
    Fault(
        5,
        "the gateway falls silent with its socket open",
        "its probe notices, not ready, connects anew",
    ),
    Fault(
        6,
        "1100, and later 1102: restored, data kept",
        "not ready from 1100 on; reads anew, ready again once settled",
    ),
    Fault(
        7,
        "1100, and later 1101: restored, data lost",
        "not ready from 1100 on; reads anew, subscribes anew, ready again",
    ),
    Fault(
        8,
        "1100 a hundred times, and never restored",
        "one alert, not a hundred; nothing is decided, nothing is sent",
    ),
    Fault(
        9,
        "data farms break down at the hour (2103, 2105)",
        "an alert; no decision for the positions whose bars are missing",
    ),
    Fault(
        10,
        "the nightly restart while a ticket waits",
        "the ticket is kept, and decided afresh after the reconnect",
    ),
    Fault(
        11,
        "the weekly login has run out",
        "stays not ready as long as it takes, tries again, and calls a person",
    ),
    Fault(
        12,
        "another account answers, or a live gateway instead of paper",
        "refuses to start, with the reason; nothing is written for it",
    ),
    Fault(
        13,
        "a rival session takes the login away (1100, 10197)",
        "not ready; no fight for the login: it does not connect again and again",
    ),
    Fault(
        14,
        "error 100 three times, then the session is ended",
        "sends more slowly from then on, and connects anew",
    ),
    Fault(
        15,
        "the question for positions is never answered",
        "not ready; that is never taken for holding nothing",
    ),
    Fault(
        16,
        "the list of positions breaks off before its end marker",
        "not ready; a part of the list is never taken for all of it",
    ),
    Fault(
        17,
        "the gateway is read-only and refuses orders (321)",
        "nothing is sent; once it has refused something: not ready, with that reason",
    ),
    Fault(
        18,
        "a message that cannot be read, or a handler that fails",
        "logged, an alert, not ready until everything was read anew",
    ),
    Fault(
        19,
        "sellkit is held up for ten minutes over the turn of an hour",
        "the late turn is noticed; a bar older than the limit is not acted on",
    ),
)

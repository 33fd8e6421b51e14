"""Open alerts as a terminal shows them."""

from __future__ import annotations

from sellkit.core.alerts import ORDERS, AlertKind, remedy
from sellkit.present.alerts import about_orders, alert_lines


def alert(number: int, kind: str, source: str, text: str, hour: int = 15) -> dict[str, object]:
    at = f"2026-06-10T{hour}:00:20+00:00"
    return {"number": number, "at": at, "source": source, "kind": kind, "text": text}


UNDECIDED = alert(1, "undecided", "NYSE:KO", "NYSE:KO: UNDECIDED: no bars")
AGAIN = alert(4, "undecided", "NYSE:KO", "NYSE:KO: still UNDECIDED since 15:00: no bars", hour=18)
OTHER = alert(2, "undecided", "NYSE:XOM", "NYSE:XOM: UNDECIDED: no bars")
LOST = alert(3, "upstream lost", "client 1", "the gateway lost its line")
REJECTED = alert(5, "order rejected", ORDERS, "NYSE:KO: SK1-0-1 was rejected")


def test_alerts_of_a_kind_stand_together_above_what_to_do() -> None:
    assert list(alert_lines([UNDECIDED, LOST, OTHER])) == [
        "alert since 2026-06-10 15:00:20 UTC: NYSE:KO: UNDECIDED: no bars",
        "alert since 2026-06-10 15:00:20 UTC: NYSE:XOM: UNDECIDED: no bars",
        f"  to do: {remedy(AlertKind.UNDECIDED)}",
        "alert since 2026-06-10 15:00:20 UTC, client 1, upstream lost: the gateway lost its line",
        f"  to do: {remedy(AlertKind.UPSTREAM_LOST)}",
    ]


def test_what_was_told_again_is_one_with_its_first_time_and_its_last_words() -> None:
    told, _ = alert_lines([UNDECIDED, AGAIN])
    assert told == (
        "alert since 2026-06-10 15:00:20 UTC: NYSE:KO: still UNDECIDED since 15:00: no bars"
    )


def test_two_alerts_about_orders_stay_two() -> None:
    assert len(list(alert_lines([REJECTED, {**REJECTED, "number": 6}]))) == 3


def test_a_kind_of_an_earlier_sellkit_is_shown_and_can_be_ended() -> None:
    shown, todo = alert_lines([alert(1, "halted", ORDERS, "all is halted")])
    assert shown.endswith("halted: all is halted")
    assert "`sellkit reconcile`" in todo


def test_a_look_at_journal_and_gateway_is_about_orders_alone() -> None:
    failed = alert(6, "run failed", "runs", "run r1 failed")
    full = alert(7, "low disk", "disk", "999 MB are free")
    assert about_orders([UNDECIDED, LOST, REJECTED, failed, full]) == [REJECTED]

"""What goes out now, in which messages, and what is held back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from sellkit.core.alerts import IN_DRY_RUNS, ORDERS, AlertKind, Level, level
from sellkit.core.message import AGAIN, LONGEST, Message, Pending
from sellkit.core.outbox import FULL, MOST, Channel, Former, Plan, Rules, plan
from tests.build import NOW

MINUTE = dt.timedelta(minutes=1)
EVERYTHING = Channel("phone", Level.INFO)
RULES = Rules(batch=5 * MINUTE, repeat=60 * MINUTE)


def alert(number: int, kind: AlertKind = AlertKind.UNDECIDED, **changes: object) -> Pending:
    made = Pending(number=number, at=NOW, source="NYSE:KO", kind=kind, text=f"KO: no bars {number}")
    return replace(made, **changes)  # type: ignore[arg-type]  # names are the caller's


def planned(
    *waiting: Pending,
    channel: Channel = EVERYTHING,
    former: Former | None = None,
    is_last: bool = False,
) -> Plan:
    known = former or Former()
    return plan(waiting, channel, known, RULES, NOW, name="sellkit paper", is_last=is_last)


def numbers(messages: tuple[Message, ...]) -> list[list[int]]:
    return [[each.number for each in message.alerts] for message in messages]


@pytest.mark.parametrize(
    "kind",
    [
        *(AlertKind.WITHHELD_EXIT, AlertKind.ORDER_UNCERTAIN, AlertKind.ORDER_REJECTED),
        *(AlertKind.UNPROTECTED, AlertKind.DISCONNECTED, AlertKind.RUN_FAILED),
    ],
)
def test_what_a_person_has_to_act_on_at_once_is_critical(kind: AlertKind) -> None:
    assert level(kind, ORDERS) is Level.CRITICAL


@pytest.mark.parametrize("kind", [AlertKind.SIGNAL, AlertKind.ORDER, AlertKind.FILL])
def test_what_goes_as_it_should_is_information(kind: AlertKind) -> None:
    assert level(kind, "NYSE:KO") is Level.INFO


def test_what_a_dry_run_withholds_is_not_critical() -> None:
    assert level(AlertKind.WITHHELD_EXIT, f"NYSE:KO{IN_DRY_RUNS}") is Level.WARNING


def test_a_kind_of_an_earlier_version_is_a_warning() -> None:
    assert level("something of long ago", ORDERS) is Level.WARNING


def test_a_critical_alert_goes_out_alone_and_the_others_together() -> None:
    critical = alert(2, AlertKind.ORDER_UNCERTAIN, source=ORDERS, text="SK1-0-1 is unclear")
    found = planned(alert(1), critical, alert(3, source="NYSE:T"))
    assert numbers(found.messages) == [[2], [1, 3]]
    assert [each.level for each in found.messages] == [Level.CRITICAL, Level.WARNING]


def test_what_is_not_critical_waits_until_the_last_batch_is_old_enough() -> None:
    waiting = (alert(1), alert(2, AlertKind.ORDER_UNCERTAIN, source=ORDERS))
    recent = planned(*waiting, former=Former(batch_at=NOW - 4 * MINUTE))
    assert numbers(recent.messages) == [[2]]
    old = planned(*waiting, former=Former(batch_at=NOW - 5 * MINUTE))
    assert numbers(old.messages) == [[2], [1]]


def test_at_the_end_of_a_process_nothing_waits() -> None:
    found = planned(alert(1), former=Former(batch_at=NOW - MINUTE), is_last=True)
    assert numbers(found.messages) == [[1]]


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    found = planned(alert(1), former=Former(batch_at=NOW + 300 * MINUTE))
    assert numbers(found.messages) == [[1]]


def test_a_channel_is_spared_what_is_less_loud_than_it_wants() -> None:
    waiting = (alert(1), alert(2, AlertKind.SIGNAL), alert(3, AlertKind.JOURNAL))
    loud = planned(*waiting, channel=Channel("phone", Level.CRITICAL))
    assert numbers(loud.messages) == [[3]]
    assert loud.repeats == ()


def test_the_same_within_the_window_is_not_told_again() -> None:
    former = Former(told=[alert(1, text="KO: no bars since 14:00")])
    again = alert(5, text="KO: no bars since 15:00")
    found = planned(again, alert(6, text="KO: unassigned"), former=former)
    assert numbers(found.messages) == [[6]]
    assert found.repeats == ((again, 1),)


def test_of_two_that_are_the_same_only_the_first_goes_out() -> None:
    lost = AlertKind.UPSTREAM_LOST
    found = planned(alert(1, lost, text="lost"), alert(2, lost, text="lost"))
    assert numbers(found.messages) == [[1]]
    assert [number for _, number in found.repeats] == [1]


def test_what_has_happened_is_never_a_repeat() -> None:
    fill = alert(1, AlertKind.FILL, text="KO: SELL 50 at 61")
    found = planned(replace(fill, number=2), former=Former(told=[fill]))
    assert numbers(found.messages) == [[2]]


def test_figures_tell_two_orders_apart() -> None:
    first = alert(1, AlertKind.ORDER_UNCERTAIN, source=ORDERS, text="SK1-1111-1 is unclear")
    second = replace(first, number=2, text="SK1-2222-1 is unclear")
    assert numbers(planned(second, former=Former(told=[first])).messages) == [[2]]


def test_what_was_begun_and_not_ended_is_told_again_and_says_so() -> None:
    begun = alert(1, is_again=True)
    (message,) = planned(begun, former=Former(told=[begun])).messages
    assert "#1 " in message.body
    assert AGAIN in message.body


def test_what_is_over_by_now_says_so() -> None:
    (message,) = planned(alert(1, is_over=True)).messages
    assert "over by now" in message.body


def test_a_message_says_who_speaks_what_about_and_what_to_do() -> None:
    (message,) = planned(alert(7)).messages
    assert message.title == "sellkit paper: undecided #7"
    assert "2026-01-28 20:00:20 UTC: KO: no bars 7" in message.body
    assert "to do, undecided: nobody watches that position" in message.body


def test_a_critical_message_says_so_first() -> None:
    (message,) = planned(alert(7, AlertKind.JOURNAL, source=ORDERS)).messages
    assert message.title.startswith("CRITICAL, sellkit paper")


def test_what_failed_most_often_goes_last() -> None:
    waiting = [alert(each, AlertKind.JOURNAL, source=ORDERS) for each in (1, 2, 3)]
    waiting[0] = replace(waiting[0], tries=4)
    assert numbers(planned(*waiting).messages) == [[2], [3], [1]]


def test_the_failures_of_a_batch_hold_back_no_critical_alert() -> None:
    failed = Former(failures=9, failed_at=NOW - MINUTE)
    batch = replace(alert(1), tries=9, failed_at=NOW - MINUTE)
    critical = alert(2, AlertKind.JOURNAL, source=ORDERS)
    assert numbers(planned(batch, critical, former=failed).messages) == [[2]]


def test_a_critical_alert_that_failed_waits_for_its_own_sake_alone() -> None:
    failed = alert(1, AlertKind.JOURNAL, source=ORDERS, tries=2, failed_at=NOW - MINUTE / 2)
    other = alert(2, AlertKind.ORDER_UNCERTAIN, source=ORDERS)
    assert numbers(planned(failed, other, alert(3)).messages) == [[2], [3]]
    late = replace(failed, failed_at=NOW - MINUTE)
    assert numbers(planned(late, other).messages) == [[2], [1]]


def test_one_that_a_channel_refuses_does_not_hold_back_what_is_new() -> None:
    refused = alert(1, AlertKind.FILL, tries=12, failed_at=NOW - MINUTE)
    former = Former(failures=12, failed_at=NOW - MINUTE)
    assert numbers(planned(refused, alert(2), former=former).messages) == [[2]]


@pytest.mark.parametrize(("tries", "most"), [(1, 10), (2, 5), (3, 2), (4, 1), (40, 1)])
def test_what_was_refused_together_goes_out_in_smaller_messages(tries: int, most: int) -> None:
    waiting = [
        alert(each, AlertKind.FILL, tries=tries, failed_at=NOW - 60 * MINUTE)
        for each in range(1, 22)
    ]
    former = Former(failures=tries, failed_at=NOW - 60 * MINUTE)
    first, *others = numbers(planned(*waiting, former=former).messages)
    assert first == [1]
    assert {len(each) for each in others} == {most}
    assert [each for part in others for each in part] == list(range(2, 22))


def test_what_was_refused_goes_with_nothing_that_was_not() -> None:
    fill, long_ago = AlertKind.FILL, NOW - 60 * MINUTE
    refused = [alert(each, fill, tries=3, failed_at=long_ago) for each in (1, 2)]
    found = planned(*refused, *[alert(each, fill) for each in (3, 4, 5)])
    assert numbers(found.messages) == [[3, 4, 5], [1, 2]]


def test_no_message_of_several_is_longer_than_providers_take() -> None:
    waiting = [alert(each, AlertKind.FILL, text="x" * 500) for each in range(1, 8)]
    messages = planned(*waiting).messages
    assert [each for part in numbers(messages) for each in part] == list(range(1, 8))
    assert max(len(each.body) for each in messages) <= FULL
    assert len(messages) == 3


def test_many_alerts_become_several_messages_and_none_is_left_out() -> None:
    fills = [alert(each, AlertKind.FILL) for each in range(1, 2 * MOST + 2)]
    found = numbers(planned(*fills).messages)
    assert [len(each) for each in found] == [MOST, MOST, 1]
    assert [each for part in found for each in part] == list(range(1, 2 * MOST + 2))


def test_a_text_that_is_too_long_for_a_message_is_cut() -> None:
    (message,) = planned(alert(1, text="x" * 5000)).messages
    assert len(message.body) < LONGEST + 300
    assert "x ..." in message.body


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 0.5), (2, 1), (3, 2), (6, 16), (7, 30), (60, 30)]
)
def test_a_channel_that_fails_is_left_alone_longer_each_time(failures: int, minutes: float) -> None:
    former = Former(failures=failures, failed_at=NOW)
    assert former.again_at == NOW + minutes * MINUTE


def test_a_channel_that_does_not_fail_may_be_used_at_once() -> None:
    assert Former().again_at is None

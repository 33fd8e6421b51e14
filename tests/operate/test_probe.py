"""A probe of a gateway in memory: each question, its answer, and what follows from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pandas as pd
import pytest

from sellkit.core.aggregate import fold
from sellkit.core.bars import COLUMNS, Anchor, BarSize, session_slots
from sellkit.core.instrument import Instrument, Token
from sellkit.core.portfolio import Account, GatewayKind, OpenOrder
from sellkit.core.probing import Answer, Finding, Outcome, ProbeRecord, Question, good
from sellkit.core.quotes import Quote
from sellkit.core.reports import BrokerRecords
from sellkit.core.windows import BarRequest
from sellkit.errors import AnsweredElsewhere, BrokerError, ConfigError, RequestRejected
from sellkit.operate.probe import WELL_KNOWN, Probe, refuse_unknown_exchange
from sellkit.operate.probe_account import ProbeTerms
from tests.build import NOW, NUMBER, account, bars, instrument, new_york, open_order, position, utc
from tests.fakes import FakeBroker, FakeClock, SilentProgress
from tests.probes import probe_record, probed

SPY = instrument("ARCA:SPY", 756733)
IN_SESSION = NOW
CLOSED = utc("2026-01-28 22:00")


class FakeSurvey:
    """What only a probe asks, answered out of a fake broker."""

    def __init__(self, broker: FakeBroker) -> None:
        self.broker = broker
        self.failure: BrokerError | None = None
        self.spoken: str | None = "US/Eastern"

    def lists(self, account: Account) -> BrokerRecords:
        if self.failure is not None:
            raise self.failure
        return BrokerRecords(
            began_at=NOW,
            steady_since=NOW,
            snapshot=self.broker.snapshot(account),
            completed=(),
            fills=(),
        )

    def zone(self, instrument: Instrument) -> str | None:
        return self.spoken


def told(anchor: Anchor = Anchor.CLOCK) -> dict[tuple[int, BarSize], pd.DataFrame]:
    """A year of SPY up to the evening of the usual day."""
    calendar = new_york()
    sessions = calendar.between(dt.date(2024, 12, 2), dt.date(2026, 1, 28))
    of = {
        size: [slot for each in sessions for slot in session_slots(each, size, calendar, anchor)]
        for size in BarSize
    }
    half_hours = bars(of[BarSize.M30])
    return {
        (SPY.con_id, BarSize.M30): half_hours,
        (SPY.con_id, BarSize.H1): fold(half_hours, of[BarSize.H1])[COLUMNS],
        (SPY.con_id, BarSize.D1): bars(of[BarSize.D1]).assign(volume=6e7),
    }


@dataclass
class World:
    """A gateway in memory, and what it is held against."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(IN_SESSION))
    anchor: Anchor = Anchor.CLOCK
    place: Callable[..., Answer] | None = None
    former: ProbeRecord | None = None

    def __post_init__(self) -> None:
        self.broker = FakeBroker(
            self.clock, positions=[position()], bars=told(self.anchor), instruments=[SPY]
        )
        self.survey = FakeSurvey(self.broker)
        self.gateway = probed(kind=GatewayKind.SIMULATED)
        self.terms = ProbeTerms(
            account=account(),
            is_named=True,
            profile="paper",
            expected=GatewayKind.PAPER,
            port=4002,
            orders_client_id=1,
            viewer_client_id=11,
            anchor=Anchor.CLOCK,
            final_after_seconds=5.0,
        )

    def probe(self) -> ProbeRecord:
        asking = Probe(
            self.broker, self.survey, self.clock, self.terms, SilentProgress(), self.place
        )
        return asking.run(self.gateway, self.former)

    def finding(self, question: Question) -> Finding:
        found = self.probe().found(question)
        assert found is not None
        return found


@pytest.fixture
def world() -> World:
    return World()


def is_good(found: Finding) -> bool:
    return found.outcome is Outcome.GOOD


def is_bad(found: Finding) -> bool:
    return found.outcome is Outcome.BAD


def test_every_question_is_asked_in_its_order_and_a_sound_gateway_passes(world: World) -> None:
    record = world.probe()
    assert [each.question for each in record.findings] == list(Question)
    assert record.is_passed
    assert (record.began_at, record.ended_at) == (IN_SESSION, IN_SESSION)
    assert all(each.answer and each.follows for each in record.findings)


# --- gateway, account, orders ---------------------------------------------------------------------


def test_another_gateway_than_the_profile_expects_fails(world: World) -> None:
    world.gateway = probed(kind=GatewayKind.LIVE)
    found = world.finding(Question.GATEWAY)
    assert is_bad(found)
    assert found.follows == "a live gateway answers where paper expects paper"


def test_a_port_of_live_gateways_on_a_paper_account_fails(world: World) -> None:
    world.gateway, world.terms = probed(), replace(world.terms, port=7496)
    assert "port 7496 is that of live ones" in world.finding(Question.GATEWAY).follows


def test_several_accounts_and_one_that_is_not_named_are_noted(world: World) -> None:
    world.broker = FakeBroker(world.clock, bars=told(), account_numbers=(NUMBER, "DU7654321"))
    found = world.finding(Question.ACCOUNTS)
    assert (found.outcome, found.answer) == (Outcome.NOTED, "2 accounts")
    world.terms = replace(world.terms, is_named=False)
    assert "alias" in world.finding(Question.ACCOUNTS).follows


def order(order_id: str, client_id: str, reference: str = "") -> OpenOrder:
    return replace(open_order(reference), order_id=order_id, client_id=client_id)


def test_orders_are_counted_by_whose_they_are(world: World) -> None:
    world.broker.orders = [
        order("0", "0"),
        order("-3", "0"),
        order("7", "5"),
        order("8", "1", "SK1-0123456789ab-1"),
    ]
    found = world.finding(Question.ORDERS)
    assert is_good(found)
    assert "open 4 (2 by hand, 1 of client 5, 1 of sellkit)" in found.answer


@pytest.mark.parametrize("binds", [False, True])
def test_what_becomes_of_orders_by_hand_is_said_as_the_settings_have_it(
    world: World, binds: bool
) -> None:
    world.broker.orders = [order("0", "0")]
    world.terms = replace(world.terms, binds=binds)
    follows = world.finding(Question.ORDERS).follows
    assert "block a close" in follows
    assert ("those by hand are bound and cancelled" in follows) is binds


def test_without_an_order_of_another_what_is_seen_stays_open(world: World) -> None:
    found = world.finding(Question.ORDERS)
    assert (found.outcome, "by hand" in found.follows) == (Outcome.NOTED, True)


def test_an_order_that_an_earlier_probe_left_fails(world: World) -> None:
    world.broker.orders = [order("9", "1", "SKP-0123456789ab")]
    found = world.finding(Question.ORDERS)
    assert is_bad(found)
    assert "SKP-0123456789ab" in found.answer


def test_a_read_only_api_fails_and_is_called_so(world: World) -> None:
    world.survey.failure = RequestRejected(321, "The API interface is in Read-Only mode.")
    assert is_bad(world.finding(Question.ORDERS))
    found = world.finding(Question.READ_ONLY)
    assert (is_bad(found), found.answer) == (True, "on")


def test_lists_that_did_not_come_fail_and_say_nothing_of_read_only(world: World) -> None:
    world.survey.failure = BrokerError("no end marker")
    record = world.probe()
    assert {each.question for each in record.failed} == {Question.ORDERS}
    found = record.found(Question.READ_ONLY)
    assert found is not None
    assert not found.is_measured


@pytest.mark.parametrize("ids", [{"orders_client_id": 0}, {"viewer_client_id": 0}])
def test_client_0_is_noted(world: World, ids: dict[str, int]) -> None:
    world.terms = replace(world.terms, **ids)  # type: ignore[arg-type]
    assert "client 0 can take over" in world.finding(Question.CLIENT_ID).follows


def test_client_0_that_is_to_bind_is_not_told_to_be_another_id(world: World) -> None:
    world.terms = replace(world.terms, orders_client_id=0, binds=True)
    found = world.finding(Question.CLIENT_ID)
    assert found.outcome is Outcome.NOTED
    assert "choose another id" not in found.follows
    assert "cancels and resubmits every one" in found.follows


def test_a_viewer_as_client_0_is_one_too_many_although_orders_are_bound(world: World) -> None:
    world.terms = replace(world.terms, viewer_client_id=0, binds=True)
    assert "choose another id" in world.finding(Question.CLIENT_ID).follows


def test_that_orders_are_resubmitted_is_left_to_a_person_to_see(world: World) -> None:
    found = world.finding(Question.RESUBMISSION)
    assert not found.is_measured
    assert "Maintain and resubmit" in found.follows


# --- what is asked about, and its prices ----------------------------------------------------------


def test_a_fund_that_everybody_knows_is_asked_about(world: World) -> None:
    assert world.finding(Question.INSTRUMENT).answer.startswith(str(WELL_KNOWN))


def test_without_it_a_holding_is(world: World) -> None:
    held = world.broker.histories.pop((SPY.con_id, BarSize.M30))
    world.broker.histories[position().instrument.con_id, BarSize.M30] = held
    found = world.finding(Question.INSTRUMENT)
    assert (found.outcome, found.answer.split(":")[1]) == (Outcome.NOTED, "AAPL")


def test_a_token_that_was_named_is_asked_about_alone(world: World) -> None:
    world.terms = replace(world.terms, token=Token("NYSE", "KO"))
    record = world.probe()
    assert [each.question for each in record.failed] == [Question.INSTRUMENT]
    found = record.found(Question.HOURS)
    assert found is not None
    assert not found.is_measured


def test_a_token_of_an_exchange_without_a_calendar_is_refused() -> None:
    with pytest.raises(ConfigError, match="NOWHERE:KO"):
        refuse_unknown_exchange(Token("NOWHERE", "KO"))


def test_delayed_prices_fail_in_a_session_and_are_noted_outside(world: World) -> None:
    delayed = Quote(asked_at=NOW, trouble="prices of SPY are delayed")
    world.broker.shown = {SPY.con_id: delayed}
    assert is_bad(world.finding(Question.PRICES))
    world.clock.time = CLOSED
    assert world.finding(Question.PRICES).outcome is Outcome.NOTED


# --- bars -----------------------------------------------------------------------------------------


def test_hours_on_the_anchor_of_the_settings_are_good(world: World) -> None:
    found = world.finding(Question.HOURS)
    assert is_good(found)
    assert found.answer.startswith("the clock anchor fits: 207 hours of 30 sessions, 1 half day")


def test_hours_on_the_other_anchor_are_noted_for_it_is_a_choice() -> None:
    found = World(anchor=Anchor.SESSION).finding(Question.HOURS)
    assert found.outcome is Outcome.NOTED
    assert found.answer.startswith("the session anchor fits")
    assert 'bars.hour_anchor = "clock"' in found.follows


def test_hours_on_no_anchor_fail(world: World) -> None:
    native = world.broker.histories[SPY.con_id, BarSize.H1].copy()
    native["close"] *= 1.005
    native["high"] *= 1.005
    world.broker.histories[SPY.con_id, BarSize.H1] = native
    found = world.finding(Question.HOURS)
    assert is_bad(found)
    assert found.answer.startswith("neither anchor: clock of 207 hours 207 differ")


def test_durations_are_counted_against_the_session_calendar(world: World) -> None:
    record = world.probe()
    found = {each.question: each for each in record.findings}
    assert all(is_good(found[each]) for each in (Question.DAYS, Question.MONTH, Question.YEAR))
    assert found[Question.DAYS].figures["sessions"] == 31
    assert found[Question.DAYS].answer.startswith("31 sessions since 2025-12-12")
    assert found[Question.MONTH].answer.startswith("21 sessions since 2025-12-29")
    assert found[Question.YEAR].answer.startswith("252 sessions since 2025-01-28")


def test_days_that_are_no_sessions_are_noted(world: World) -> None:
    world.broker.max_bars_per_answer = 280
    found = world.finding(Question.DAYS)
    assert (found.outcome, "does not count sessions" in found.follows) == (Outcome.NOTED, True)


def test_bars_where_the_calendar_has_none_fail(world: World) -> None:
    history = world.broker.histories[SPY.con_id, BarSize.M30]
    odd = history.iloc[[-1]].set_index(
        pd.DatetimeIndex([utc("2026-01-19 15:00")], name="start").as_unit("us")
    )
    world.broker.histories[SPY.con_id, BarSize.M30] = pd.concat([history, odd]).sort_index()
    found = world.finding(Question.DAYS)
    assert is_bad(found)
    assert "exchange_calendars" in found.follows


@pytest.mark.parametrize(("volume", "word"), [(6e7, "shares"), (6e5, "lots of 100")])
def test_the_unit_of_volume_shows_in_that_of_the_fund(
    world: World, volume: float, word: str
) -> None:
    days = world.broker.histories[SPY.con_id, BarSize.D1]
    world.broker.histories[SPY.con_id, BarSize.D1] = days.assign(volume=volume)
    assert world.finding(Question.LOTS).answer.endswith(f": {word}")


def test_the_zone_is_told_or_that_there_is_none(world: World) -> None:
    assert "US/Eastern" in world.finding(Question.ZONE).answer
    world.survey.spoken = None
    assert "without a zone" in world.finding(Question.ZONE).answer


def test_what_another_process_was_told_is_asked_for_a_second_later(world: World) -> None:
    asked: list[dt.datetime] = []
    answer = world.broker.bars

    def busy(request: BarRequest) -> pd.DataFrame:
        asked.append(request.end)
        if len(asked) == 1:
            raise AnsweredElsewhere("told to another")
        return answer(request)

    world.broker.bars = busy  # type: ignore[method-assign]
    assert world.probe().is_passed
    assert asked[1] - asked[0] == dt.timedelta(seconds=1)


# --- when a bar is final --------------------------------------------------------------------------


def test_without_being_asked_to_wait_it_does_not_wait(world: World) -> None:
    found = world.finding(Question.FINAL)
    assert (found.is_measured, world.clock.naps) == (False, [])


def test_while_the_session_is_closed_it_says_so(world: World) -> None:
    world.clock.time = CLOSED
    world.terms = replace(world.terms, is_patient=True)
    found = world.finding(Question.FINAL)
    assert (found.is_measured, found.answer) == (False, "not measured: the session is closed")


def late_by(world: World, seconds: float) -> None:
    """The close of the half-hour that ends next changes once, so long after its end."""
    end, answer = utc("2026-01-28 20:30"), world.broker.bars
    world.terms = replace(world.terms, is_patient=True)

    def slow(request: BarRequest) -> pd.DataFrame:
        frame = answer(request)
        if world.clock.now() < end + dt.timedelta(seconds=seconds):
            slot = frame.index == pd.Timestamp("2026-01-28 20:00", tz="UTC")
            frame.loc[slot, "volume"] = 1.0
        return frame

    world.broker.bars = slow  # type: ignore[method-assign]


def test_a_bar_that_is_final_before_it_is_used_is_good(world: World) -> None:
    late_by(world, 2.5)
    found = world.finding(Question.FINAL)
    assert is_good(found)
    assert found.answer == (
        "a half-hour that ended 20:30 UTC: final after 3 s at the latest "
        "(asked 10 times, 1 to 60 s after its end)"
    )
    assert found.figures["seconds"] == 3.0


def test_an_hours_end_is_called_so(world: World) -> None:
    world.clock.time, world.terms = utc("2026-01-28 19:40"), replace(world.terms, is_patient=True)
    assert "a half-hour and an hour that ended 20:00" in world.finding(Question.FINAL).answer


def test_a_bar_that_was_final_when_it_was_first_asked_for_too_late_is_noted(world: World) -> None:
    world.terms = replace(world.terms, is_patient=True, final_after_seconds=0.5)
    found = world.finding(Question.FINAL)
    assert (found.outcome, found.figures["seconds"]) == (Outcome.NOTED, 1.0)


def test_a_bar_that_is_final_later_than_it_is_used_fails_and_says_what_to_set(
    world: World,
) -> None:
    late_by(world, 10)
    found = world.finding(Question.FINAL)
    assert is_bad(found)
    assert found.follows == "bars.final_after_seconds = 5 is too early: set it above 12"


def test_a_bar_that_changes_to_the_end_fails(world: World) -> None:
    late_by(world, 50)
    assert is_bad(world.finding(Question.FINAL))


def test_what_an_earlier_probe_measured_is_kept_and_held_against_the_settings_of_today(
    world: World,
) -> None:
    late_by(world, 10)
    first = world.probe()
    later = World(former=first)
    later.clock.time = IN_SESSION + dt.timedelta(days=1)
    found = later.finding(Question.FINAL)
    assert (is_bad(found), found.at) == (True, first.ended_at)
    later.terms = replace(later.terms, final_after_seconds=20.0)
    assert is_good(later.finding(Question.FINAL))


def test_what_was_measured_of_another_gateway_is_not_kept() -> None:
    world = World(former=probe_record(gateway=probed(address="127.0.0.1:7497")))
    assert not world.finding(Question.FINAL).is_measured


# --- order, and errors ----------------------------------------------------------------------------


def test_no_order_is_placed_unless_asked_for(world: World) -> None:
    assert not world.finding(Question.REFERENCE).is_measured


def test_the_order_is_one_of_the_instrument_that_was_asked_about() -> None:
    placed: list[Instrument] = []

    def place(of: Instrument, _calendar: object) -> Answer:
        placed.append(of)
        return good("kept", "well")

    assert World(place=place).finding(Question.REFERENCE).answer == "kept"
    assert placed == [SPY]


def test_a_question_that_fails_does_not_keep_the_others_from_being_asked(world: World) -> None:
    world.broker.histories.pop((SPY.con_id, BarSize.H1))
    record = world.probe()
    assert [each.question for each in record.failed] == [Question.HOURS]
    assert record.failed[0].answer.startswith("no answer: ")
    assert len(record.findings) == len(Question)


def test_a_gateway_that_is_gone_fails_and_the_probe_still_comes_to_its_end(world: World) -> None:
    world.broker.interrupt("the gateway closed the connection")
    world.survey.failure = BrokerError("gone")
    record = world.probe()
    assert not record.is_passed
    assert len(record.findings) == len(Question)

"""What a desk gives a live panel: a watch of its own, how everything stands, and a halt."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sellkit.config import Overrides, load
from sellkit.core.alerts import Alert, AlertKind
from sellkit.core.gates import PreparedTicket
from sellkit.core.market_time import UTC
from sellkit.errors import JournalError
from sellkit.wiring import open_desk, stopping
from sellkit.wiring.alerts import order_alerts
from sellkit.wiring.desk import WiredDesk
from sellkit.wiring.live_desk import halt_at_once
from sellkit.wiring.watch import open_watch
from tests.cli.command import MOMENT, TICKERS, Workspace, gateway

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NOON = dt.datetime(2026, 6, 10, 16, tzinfo=UTC)
APPLE = "NASDAQ:AAPL"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A folder with stored bars, beside a gateway that runs."""
    with gateway() as running:
        made = Workspace.make(tmp_path_factory.mktemp("live") / "desk", running.port)
        with open_desk(overrides=chosen(made)) as desk:
            desk.bring_up_to_date()
        yield made


@pytest.fixture
def desk(place: Workspace) -> Iterator[WiredDesk]:
    (place.data / "pacing.sqlite").unlink(missing_ok=True)  # the clock stands still
    with open_desk(overrides=chosen(place)) as desk:
        yield desk


def chosen(place: Workspace) -> Overrides:
    return Overrides(
        config=str(place.settings), state_dir=str(place.folder / "state"), account="demo"
    )


def test_its_watch_stands_beside_the_desk_and_the_terminal_s_watch(desk: WiredDesk) -> None:
    with open_watch(overrides=desk.chosen) as other, desk.watch() as watch:
        assert watch.standing.is_ready
        assert other.standing.is_ready
        assert watch.broken_farms == ()
        watched = watch.engine.refresh(MOMENT)
    assert {str(row.token) for row in watched.rows} == TICKERS
    assert {order.order_type for order in watched.orders} == {"STP", "TRAIL"}


def test_two_notebooks_may_watch_at_once(desk: WiredDesk) -> None:
    with desk.watch() as first, desk.watch() as second:
        assert first.standing.is_ready
        assert second.standing.is_ready


def test_its_rows_tell_what_would_be_sent_as_prices_are_asked_for(desk: WiredDesk) -> None:
    with desk.watch() as watch:
        watched = watch.engine.refresh(MOMENT)
        heading = watch.heading(watched, watch.now())
    apple = next(row for row in watched.rows if str(row.token) == APPLE)
    assert isinstance(apple.row.verdict, PreparedTicket)
    assert apple.row.would_send == "yes, if live mode were armed; this is a dry run"
    assert (heading.mode, heading.account) == ("DRY RUN", "demo")


def test_its_rows_tell_what_live_mode_has_against_each_without_touching_anything(
    desk: WiredDesk, place: Workspace
) -> None:
    text = place.settings.read_text(encoding="utf-8")
    before = sorted(path.name for path in (place.folder / "state").glob("*"))
    try:
        limited = text.replace("[bars]", "[orders]\nmax_daily_notional = 5000\n[bars]")
        place.settings.write_text(limited, encoding="utf-8")
        with desk.watch() as watch:
            watched = watch.engine.refresh(MOMENT)
    finally:
        place.settings.write_text(text, encoding="utf-8")
    apple = next(row for row in watched.rows if str(row.token) == APPLE)
    (reason,) = apple.withheld
    assert "would be sold today, over orders.max_daily_notional 5000" in reason
    assert isinstance(apple.row.verdict, PreparedTicket)
    assert sorted(path.name for path in (place.folder / "state").glob("*")) == before
    assert desk.live_state(MOMENT).tickets == ()


def test_a_desk_that_was_closed_can_still_be_watched(place: Workspace) -> None:
    with open_desk(overrides=chosen(place)) as desk:
        pass
    with desk.watch() as watch:
        assert watch.standing.is_ready


def test_it_knows_the_next_decision_and_what_a_live_run_lacks(desk: WiredDesk) -> None:
    state = desk.live_state(MOMENT)
    assert state.next_decision == NOON
    assert state.arming == "not armed"
    assert not state.is_armed
    assert any(line.startswith("secret: ") for line in state.lacks)
    assert (state.halt, state.tickets, state.alerts) == (None, (), ())


def test_a_close_that_is_judged_before_the_bell_is_counted_down_to(place: Workspace) -> None:
    early = place.copy(place.folder.parent / "early")
    text = early.settings.read_text(encoding="utf-8")
    orders = '[orders]\nat_close = "before_close"\nbefore_close_minutes = 5\n[bars]'
    early.settings.write_text(text.replace("[bars]", orders), encoding="utf-8")
    in_the_last_hour = dt.datetime(2026, 6, 10, 19, 30, tzinfo=UTC)
    with open_desk(overrides=chosen(early)) as desk:
        state = desk.live_state(in_the_last_hour)
    assert state.next_decision == dt.datetime(2026, 6, 10, 19, 55, tzinfo=UTC)


def test_beyond_the_calendar_nobody_knows_the_next_decision(desk: WiredDesk) -> None:
    assert desk.live_state(dt.datetime(2060, 1, 1, tzinfo=UTC)).next_decision is None


def test_open_alerts_come_with_it(desk: WiredDesk) -> None:
    keeper = order_alerts(load(chosen_of(desk)))
    keeper.keep(Alert(AlertKind.ORDER_UNCERTAIN, "look in TWS", MOMENT))
    assert [alert["text"] for alert in desk.live_state(MOMENT).alerts] == ["look in TWS"]
    keeper.end()
    assert desk.live_state(MOMENT).alerts == ()


def test_its_halt_is_that_of_the_command_line_and_is_journalled(
    desk: WiredDesk, place: Workspace
) -> None:
    found, unwritten = desk.halt("a test")
    assert unwritten == ""
    assert desk.halted() == found == stopping.current_halt(chosen_of(desk))
    assert desk.live_state(MOMENT).halt == found
    with closing(sqlite3.connect(place.data / "journal.sqlite")) as journal:
        (kind,) = journal.execute("SELECT kind FROM event ORDER BY id DESC LIMIT 1").fetchone()
    assert kind == "halt"
    stopping.resume(chosen_of(desk), "a test is over")
    assert desk.halted() is None


def test_a_halt_holds_although_it_cannot_be_journalled(tmp_path: Path) -> None:
    place = Workspace.make(tmp_path / "desk", 1)
    place.data.mkdir(parents=True)
    (place.data / "journal.sqlite").write_bytes(b"no database at all, but long enough to be told")
    found, unwritten = halt_at_once(chosen(place), "a test")
    assert "journal.sqlite" in unwritten
    assert stopping.current_halt(chosen(place)) == found
    with pytest.raises(JournalError):
        stopping.note_halt(chosen(place), "a test")


def test_a_halt_holds_although_the_settings_cannot_be_read(tmp_path: Path) -> None:
    place = Workspace.make(tmp_path / "desk", 1)
    place.settings.write_text("profile = [", encoding="utf-8")
    found, unwritten = halt_at_once(chosen(place), "a test")
    assert found.reason == "a test"
    assert "is not TOML" in unwritten


def chosen_of(desk: WiredDesk) -> Overrides:
    assert desk.chosen is not None
    return desk.chosen


def test_a_desk_that_sends_by_hand_tells_at_its_end(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_ALERT_FILE", "file:told.jsonl")
    own = place.copy(place.folder.parent / "telling")
    text = own.settings.read_text(encoding="utf-8")
    own.settings.write_text(f'{text}[alerts.channels]\nfile = "info"\n', encoding="utf-8")
    with open_desk(overrides=chosen(own), dry_run=False) as desk:
        keeper = order_alerts(load(chosen_of(desk)))
        keeper.keep(Alert(AlertKind.ORDER_UNCERTAIN, "look in TWS", MOMENT))
        assert not (own.data / "told.jsonl").exists()
    desk.close()
    assert (own.data / "told.jsonl").read_text(encoding="utf-8").count("look in TWS") == 1

"""The live panel with real widgets, on a desk whose snapshots come when a test wants them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sellkit.core.gates import DeferredTicket, DeniedTicket, PreparedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.core.standing import Standing
from sellkit.core.watched import Watched, WatchedRow
from sellkit.present import panels
from sellkit.present.feed import Feed
from sellkit.present.grid.clocks import Drift, milliseconds
from sellkit.present.onlookers import Onlookers
from sellkit.present.panels import board
from sellkit.present.panels.live_panel import LivePanel
from sellkit.present.panels.live_rows import COLUMNS, live_lines, would_send
from sellkit.present.panels.state import DeskState
from sellkit.present.refreshing import Refreshers
from sellkit.present.watched_columns import watched_columns
from tests import build
from tests.present.holdings import portfolio
from tests.present.live_desk import HALT, SECONDS, MadeUpDesk, row_of, watched

TITLES = [title for title, _, _ in COLUMNS]
UNARMED = DeskState(arming="not armed", lacks=("arming: nobody armed it", "secret: set it"))
ARMED = DeskState(arming="armed until 2026-01-28 21:00 UTC, for 50,000 in all", is_armed=True)
A_MINUTE = dt.timedelta(minutes=1)


class Page:
    """A panel that is not in any page: what its table was told, and what its widgets hold."""

    def __init__(self, desk: MadeUpDesk, feed: Feed) -> None:
        self.desk = desk
        self.panel = LivePanel(desk, feed)
        self.sent: list[dict[str, Any]] = []
        self.grid.send = lambda content, buffers=None: self.sent.append(content)

    @property
    def grid(self) -> Any:
        return self.panel._grid

    @property
    def text(self) -> str:
        """Everything but the table, as markup."""
        holders = [*self.panel.box.children, *self.panel.box.children[1].children]
        values = [getattr(each, "value", getattr(each, "markup", "")) for each in holders]
        return "\n".join(values)

    def give(self, found: Watched) -> None:
        """A snapshot comes, and the panel's thread looks."""
        self.panel.feed._publish(found)
        self.panel._look()

    def row(self, con_id: int) -> dict[str, str]:
        cells = self.grid.whole_now()["rows"][str(con_id)]["c"]
        return dict(zip(TITLES, (c if isinstance(c, str) else c[0] for c in cells), strict=True))


@pytest.fixture
def page() -> Iterator[Page]:
    refreshers = Refreshers()
    page = Page(MadeUpDesk(), Feed("test", refreshers))
    yield page
    page.panel.close()
    refreshers.stop_all(SECONDS)


def lines(rows: list[WatchedRow], state: DeskState = UNARMED) -> list[dict[str, str]]:
    """Rows as they travel, by title, without their tones."""
    found = live_lines(watched(rows), state, build.NOW)
    return [
        dict(zip(TITLES, (c if isinstance(c, str) else c[0] for c in each.cells), strict=True))
        for each in found
    ]


# --- the rows -------------------------------------------------------------------------------------


def test_a_row_says_what_the_terminal_s_watch_says() -> None:
    rows = [WatchedRow(row=each, bar=None, refreshed_at=build.NOW) for each in portfolio()]
    for row, told in zip(rows, lines(rows), strict=True):
        for column in watched_columns(build.NOW):
            if column.title != "age":
                assert told[column.title] == column.cell(row).text


def test_each_row_tells_whether_it_would_be_sent_and_every_reason_why_not() -> None:
    signal = build.signal()
    ticket = build.ticket()
    held_back = build.row(signal=signal, verdict=DeniedTicket(ticket, ("too late", "too many")))
    free = build.row(signal=signal, verdict=PreparedTicket(ticket))
    rows = [WatchedRow(row=each, bar=None, refreshed_at=build.NOW) for each in (held_back, free)]
    late, free_one = rows
    against = replace(free_one, withheld=("3 orders went out today",))
    assert would_send(late, UNARMED) == "no: too late; too many"
    assert would_send(replace(late, withheld=("it is short",)), ARMED) == (
        "no: too late; too many; it is short"
    )
    lacking = "no: live mode off, else yes (it lacks arming, secret)"
    assert would_send(free_one, UNARMED) == lacking
    assert would_send(free_one, ARMED) == "yes, by a live run"
    assert would_send(against, ARMED) == "no: 3 orders went out today"
    assert would_send(against, UNARMED) == "no: 3 orders went out today"
    assert would_send(free_one, replace(ARMED, halt=HALT)) == f"no: {HALT}"
    assert would_send(late, replace(ARMED, halt=HALT)) == f"no: too late; too many; {HALT}"
    assert would_send(replace(free_one, trouble="no answer"), ARMED) == "no: what is shown is old"


def test_a_deferred_order_says_for_when_and_what_else_stands_against_it() -> None:
    until = build.NOW + dt.timedelta(hours=18)
    deferred = build.row(signal=build.signal(), verdict=DeferredTicket(build.ticket(), until))
    row = WatchedRow(row=deferred, bar=None, refreshed_at=build.NOW)
    said = would_send(row, ARMED)
    assert said == deferred.would_send
    assert "deferred to the next open" in said
    assert would_send(row, replace(ARMED, halt=HALT)) == f"{said}; {HALT}"


def test_a_row_that_was_not_refreshed_is_grey_keeps_its_moment_and_says_why() -> None:
    fresh = row_of(1)
    old = replace(row_of(2), refreshed_at=build.NOW - A_MINUTE, trouble="no answer within 60 s")
    both = Watched(account="main", minute=1, due=build.NOW, rows=(fresh, old))
    first, second = live_lines(both, UNARMED, build.NOW)
    assert (first.is_stale, second.is_stale) == (False, True)
    assert second.at == milliseconds(build.NOW - A_MINUTE)
    assert second.cells[TITLES.index("to know")] == "no answer within 60 s"


# --- the panel ------------------------------------------------------------------------------------


def test_the_panel_is_there_at_once_with_its_mode_and_says_that_it_asks(page: Page) -> None:
    assert "DRY RUN" in page.text
    assert "profile made-up" in page.text
    assert "connecting" in page.text
    assert "Asking for positions" in page.text
    assert page.desk.opened == []


def test_a_page_that_does_not_listen_yet_gets_the_whole_and_one_that_does_the_changes(
    page: Page,
) -> None:
    page.give(watched([row_of(1), row_of(2)]))
    assert page.sent == []
    page.grid._handle_custom_msg({"have": 0}, [])
    page.give(watched([row_of(1), row_of(2, close=105.0)], minute=2))
    (sent,) = page.sent
    (changed,) = sent["change"]["rows"].items()
    assert changed[0] == "1002"
    assert set(changed[1]["c"].values()) >= {"105.00"}
    assert len(changed[1]["c"]) < len(TITLES)


def test_the_whole_table_is_there_for_a_page_that_is_opened_later(page: Page) -> None:
    page.give(watched([row_of(1)]))
    page.give(watched([row_of(1, close=102.5)], minute=2))
    whole = page.grid.get_state("whole")["whole"]
    assert whole["n"] == 2
    assert page.row(1001)["close"] == "102.50"


def test_a_halt_is_shown_with_how_it_ends_and_withholds_every_row(page: Page) -> None:
    free = build.row(signal=build.signal(), verdict=PreparedTicket(build.ticket()))
    row = WatchedRow(row=free, bar=None, refreshed_at=build.NOW)
    page.give(watched([row]))
    page.desk.halt("a test")
    page.panel._look()
    assert "Halted by a person (somebody) since 2026-01-28 20:00:20 UTC: a test." in page.text
    assert "sellkit resume --profile made-up --reason TEXT" in page.text
    assert page.row(row.con_id)["would it be sent now?"] == f"no: {HALT}"


def test_the_halt_button_of_the_panel_halts_the_desk(page: Page) -> None:
    button = page.panel._halt.widget
    button.click()
    assert page.desk.reasons == []
    button.click()
    assert page.desk.reasons == ["by the Halt button of the live desk"]


def test_open_orders_tickets_and_alerts_stand_there_in_words(page: Page) -> None:
    order = replace(build.open_order(con_id=1001), reference="")
    stray = replace(build.open_order(con_id=77), reference="SK1-0")
    page.desk.state = replace(
        UNARMED,
        tickets=(build.ticket_record(state=TicketState.UNCERTAIN, cause="no answer"),),
        alerts=(
            {
                "number": 1,
                "at": build.NOW.isoformat(),
                "source": "orders",
                "kind": "order uncertain",
                "text": "look in TWS <now>",
            },
        ),
    )
    page.give(replace(watched([row_of(1)]), orders=(order, stray)))
    assert "NYSE:S001" in page.text
    assert "contract 77" in page.text
    assert "UNCERTAIN: SELL 100 NASDAQ:AAPL, 0 executed; no answer" in page.text
    assert (
        "alert since 2026-01-28 20:00:20 UTC, order uncertain: look in TWS &lt;now&gt;" in page.text
    )
    assert "to do: " in page.text


def test_what_keeps_a_minute_from_being_refreshed_is_announced(page: Page) -> None:
    page.give(watched([row_of(1)]))
    page.give(replace(watched([row_of(1)], minute=2), trouble="the minute is skipped"))
    assert '<div role="status">the minute is skipped</div>' in page.text


def test_another_panel_of_the_name_ends_the_former_one() -> None:
    desk, refreshers = MadeUpDesk(), Refreshers()
    feed = Feed("test", refreshers)
    first, second = LivePanel(desk, feed), LivePanel(desk, feed)
    feed.begin(desk)
    assert desk.connected.acquire(timeout=SECONDS)
    first.close()
    assert feed.is_running
    assert "replaced" in first._board.markup
    assert first._grid.is_away
    second.close()
    assert feed.join(SECONDS)
    assert desk.open == []


def test_a_panel_whose_widget_is_closed_frees_the_connection(page: Page) -> None:
    page.panel.feed.begin(page.desk)
    assert page.desk.connected.acquire(timeout=SECONDS)
    page.grid.close()
    assert page.panel.feed.join(SECONDS)
    assert page.desk.open == []


def test_a_panel_that_no_page_shows_keeps_no_connection_until_one_does(page: Page) -> None:
    onlookers, feed = page.panel._onlookers, page.panel.feed
    feed.begin(page.desk)
    assert page.desk.connected.acquire(timeout=SECONDS)
    feed.rest_unless_seen()
    assert not feed.is_resting
    onlookers._seconds = -1.0
    feed.rest_unless_seen()
    assert feed.join(SECONDS)
    assert page.desk.open == []
    page.panel._look()
    assert "paused, as nobody looks" in page.text
    onlookers._seconds = SECONDS
    page.grid._handle_custom_msg({"seen": True}, [])
    assert page.desk.connected.acquire(timeout=SECONDS)
    page.panel._look()
    assert len(page.desk.open) == 1


def test_a_panel_whose_feed_tells_another_one_goes_on_unseen(page: Page) -> None:
    page.panel.feed.begin(page.desk)
    assert page.desk.connected.acquire(timeout=SECONDS)
    page.panel.feed.subscribe(lambda _found: None)
    page.panel._onlookers._seconds = -1.0
    page.panel.feed.rest_unless_seen()
    assert page.panel.feed.is_running


def test_a_panel_whose_onlookers_are_all_gone_rests_whatever_else_they_saw(page: Page) -> None:
    gone = Onlookers(lambda: None, -1.0)
    page.panel.feed.begin(page.desk)
    assert page.desk.connected.acquire(timeout=SECONDS)
    page.panel.feed.subscribe(lambda _found: None, gone)
    page.panel.feed.rest_unless_seen()
    assert page.panel.feed.is_running
    page.panel._onlookers._seconds = -1.0
    page.panel.feed.rest_unless_seen()
    assert page.panel.feed.is_resting


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0

    def ask(self) -> None:
        self.asked += 1


def test_nobody_is_gone_while_a_cell_keeps_the_kernel_from_hearing() -> None:
    time = Time()
    onlookers = Onlookers(time.ask, 10.0, lambda: time.now)
    time.now = 9.0
    assert not onlookers.are_gone()
    onlookers.cell_begins()
    assert not onlookers.is_deaf
    time.now = 60.0
    assert onlookers.is_deaf
    assert not onlookers.are_gone()
    onlookers.cell_ends()
    assert not onlookers.is_deaf
    time.now = 69.0
    assert not onlookers.are_gone()
    onlookers.seen()
    time.now = 78.0
    assert not onlookers.are_gone()
    time.now = 80.0
    assert onlookers.are_gone()


def test_pages_are_asked_now_and_then() -> None:
    time = Time()
    onlookers = Onlookers(time.ask, 20.0, lambda: time.now)
    for time.now in (1.0, 4.9, 5.0, 6.0, 10.0):
        onlookers.look()
    assert time.asked == 2


def test_a_page_that_leaves_is_the_last_one_unless_another_answers_soon() -> None:
    time = Time()
    onlookers = Onlookers(time.ask, 30.0, lambda: time.now)
    onlookers.left()
    assert time.asked == 1
    time.now = 2.0
    assert not onlookers.are_gone()
    onlookers.seen()
    time.now = 20.0
    assert not onlookers.are_gone()
    onlookers.left()
    time.now = 24.0
    assert onlookers.are_gone()


def test_without_anywidget_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sellkit.present.panels.extra.find_spec", lambda _name: None)
    assert 'pip install "sellkit[lab]"' in repr(panels.live(MadeUpDesk()))


# --- lights and countdown -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("standing", "farms", "trouble", "states"),
    [
        (build.standing(), (), "", ("well", "well")),
        (build.standing("nothing listens on it"), (), "", ("broken", "unknown")),
        (build.standing("the farm usfarm is broken"), ("usfarm",), "", ("well", "broken")),
        (None, (), "", ("unknown", "unknown")),
        (None, (), "nothing listens", ("broken", "unknown")),
    ],
)
def test_the_lights_tell_connection_and_farms_apart(
    standing: Standing | None, farms: tuple[str, ...], trouble: str, states: tuple[str, str]
) -> None:
    shown = board.lights(standing, farms, trouble)
    for name, state in zip(("connection", "data farms"), states, strict=True):
        assert f'data-light="{name}" data-state="{state}"' in shown


def test_the_countdown_leads_to_the_next_decision_on_the_exchange_s_clock() -> None:
    shown = board.next_decision(build.HOUR_END, "NYSE")
    assert f'data-until="{milliseconds(build.HOUR_END)}"' in shown
    assert "2026-01-28 15:00 EST (20:00 UTC)" in shown
    assert "not known" in board.next_decision(None, "NYSE")


def test_arming_says_what_a_live_run_lacks() -> None:
    assert "arming: nobody armed it" in board.arming(UNARMED)
    assert "no run sends an order" in board.arming(UNARMED)
    assert "armed until 2026-01-28 21:00 UTC" in board.arming(ARMED)
    assert "dry run" not in board.arming(ARMED)


# --- the time -------------------------------------------------------------------------------------


def test_a_clock_that_goes_as_the_machine_s_is_told_once() -> None:
    steady = iter([0.0, 10.0, 20.5])
    times = iter([build.NOW, build.NOW + 10 * build.SECOND, build.NOW + 20 * build.SECOND])
    drift = Drift(lambda: next(times), lambda: next(steady))
    assert [drift.has_grown() for _ in range(3)] == [True, False, False]


def test_a_clock_that_stands_or_runs_is_told_again() -> None:
    steady = iter([0.0, 10.0, 11.0])
    times = iter([build.NOW, build.NOW, build.NOW + A_MINUTE])
    drift = Drift(lambda: next(times), lambda: next(steady))
    assert [drift.has_grown() for _ in range(3)] == [True, True, True]


def test_a_time_that_nobody_knows_yet_is_not_told() -> None:
    assert not Drift(lambda: None).has_grown()

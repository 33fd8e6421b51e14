"""What goes wrong in a minute: the list from which a seed draws.

A trouble is begun a moment before sellkit acts, and gives what ends it, where that takes anything.
Rules of the gateway end by themselves, at a moment of its clock that is drawn with them.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sellkit.core.market_time import calendar_for
from tests.soak.host import Host
from tests.soak.places import LISTED, Place

MINUTE = dt.timedelta(minutes=1)
HALF = dt.timedelta(minutes=30)
MOST_SPLITS = 3
APPLE = LISTED[0]

End = Callable[[], object]


@dataclass
class Scene:
    """What troubles are made with, and what they leave to be known.

    Attributes
    ----------
    host
        The gateway.
    folder
        Where sellkit keeps everything.
    moment
        The gateway's time.
    chance
        Draws what a trouble leaves open; of this minute alone.
    aimed
        The instrument that this minute's trouble is about, if it is about one.
    splits
        Symbols whose prices have all been divided.
    corrected
        By symbol, when the bars end that the market told anew.
    """

    host: Host
    folder: Path
    moment: dt.datetime
    chance: random.Random = field(default_factory=random.Random)
    aimed: Place | None = None
    splits: list[str] = field(default_factory=list)
    corrected: dict[str, set[dt.datetime]] = field(default_factory=dict)

    def inject(self, **rule: object) -> None:
        """Put a rule in force; one about a message ends soon, mostly within its minute."""
        if "message" in rule:
            lasts = MINUTE * self.chance.choice([0.5, 0.5, 0.5, 0.5, 1.5, 2.5])
            rule["before"] = (self.moment + lasts).isoformat()
        self.host.control.inject(rule)

    def sequence(self, *steps: Mapping[str, object]) -> None:
        """Notices to every client."""
        self.inject(do="sequence", steps=list(steps))

    def seconds(self, most: float = 0.6) -> float:
        """Some real seconds."""
        return round(self.chance.uniform(0.02, most), 3)

    def place(self) -> Place:
        """One of the instruments, which the trouble is aimed at."""
        self.aimed = self.chance.choice(LISTED)
        return self.aimed


# --- the connection -------------------------------------------------------------------------------


def socket_closed(scene: Scene) -> None:
    scene.host.control.drop_connections()


def closed_within_answer(scene: Scene) -> None:
    size = scene.chance.randint(1, 4000)
    scene.inject(message="historicalData", do="truncate", bytes=size, nth=1)


def closed_by_question(scene: Scene) -> None:
    message = scene.chance.choice(["reqHistoricalData", "reqPositions", "reqContractDetails"])
    scene.inject(message=message, do="close", nth=1, deliver=scene.chance.random() < 0.5)


def silence(scene: Scene) -> None:
    scene.inject(do="silent", seconds=scene.seconds(1.5))


def silent_for_good(scene: Scene) -> None:
    scene.inject(do="silent")


def restored_data_kept(scene: Scene) -> None:
    scene.sequence({"code": 1100, "mute": True}, _later(scene, code=1102, mute=False))


def restored_data_lost(scene: Scene) -> None:
    scene.sequence({"code": 1100, "mute": True}, _later(scene, code=1101, mute=False))


def terminal_cut_off(scene: Scene) -> None:
    scene.sequence({"code": 2110}, _later(scene, code=1102))


def said_often(scene: Scene) -> None:
    lost = [{"code": 1100} for _ in range(20)]
    scene.sequence({"code": 1100, "mute": True}, *lost, _later(scene, code=1102, mute=False))


def farms_broken(scene: Scene) -> End:
    text = "Historical Market Data Service error message:HMDS server disconnect occurred."
    scene.sequence({"code": 2103}, {"code": 2105})
    scene.inject(
        message="reqHistoricalData", symbol=scene.place().symbol, do="error", code=162, text=text
    )
    return lambda: scene.sequence({"code": 2104}, {"code": 2106})


def restarted(scene: Scene) -> None:
    scene.host.restart(scene.seconds())


def nightly_reset(scene: Scene) -> None:
    plan = {"notices": 2, "notice_seconds": 0.05, "refused_seconds": scene.seconds()}
    scene.host.control.reset(**plan)


def id_in_use(scene: Scene) -> None:
    scene.inject(do="refuse_client_id", message="startApi", clientId=1)
    scene.host.control.drop_connections()


def rival_session(scene: Scene) -> None:
    scene.sequence(
        {"code": 10197}, {"code": 1100, "mute": True}, _later(scene, code=1102, mute=False)
    )


def too_many_messages(scene: Scene) -> None:
    scene.sequence({"code": 100}, {"code": 100}, {"code": 100, "close": True})


def positions_unanswered(scene: Scene) -> None:
    scene.inject(message="reqPositions", do="drop")


def positions_broken_off(scene: Scene) -> None:
    scene.inject(message="position", symbol=scene.place().symbol, do="drop")
    scene.inject(message="positionEnd", do="drop")


def orders_broken_off(scene: Scene) -> None:
    scene.inject(message="openOrderEnd", do="drop")


def position_unreadable(scene: Scene) -> None:
    symbol = scene.place().symbol
    scene.inject(message="position", symbol=symbol, do="corrupt", field=15, value="x", nth=1)


def slow(scene: Scene) -> None:
    scene.inject(message="*", direction="out", do="delay", seconds=scene.seconds(0.2))


# --- the data -------------------------------------------------------------------------------------


def no_bars(scene: Scene) -> None:
    scene.inject(do="no_data", message="reqHistoricalData", symbol=scene.place().symbol)


def asked_too_much(scene: Scene) -> None:
    scene.inject(do="pacing", message="reqHistoricalData", symbol=scene.place().symbol, nth=1)


def overloaded(scene: Scene) -> None:
    scene.inject(do="pacing", message="reqHistoricalData", symbol=scene.place().symbol)


def bars_unanswered(scene: Scene) -> None:
    scene.inject(message="reqHistoricalData", symbol=scene.place().symbol, do="drop")


def answer_lost(scene: Scene) -> None:
    scene.inject(message="historicalData", do="drop", nth=1)


def answer_unreadable(scene: Scene) -> None:
    fields = scene.chance.randint(3, 40)
    scene.inject(message="historicalData", do="truncate", fields=fields, nth=1)


def late_bar(scene: Scene) -> End:
    seconds = scene.chance.randint(1, 1500)
    scene.host.control.set_bars(final_after_seconds=seconds, until_final="missing")
    return lambda: scene.host.control.set_bars(final_after_seconds=0)


def provisional_bar(scene: Scene) -> End:
    # Within the time that sellkit is told that bars are not final for: see `desk.LAG`.
    scene.host.control.set_bars(final_after_seconds=14, until_final="provisional")
    return lambda: scene.host.control.set_bars(final_after_seconds=0)


def corrected_bar(scene: Scene) -> None:
    place = scene.place()
    calendar = calendar_for(place.exchange)
    session = calendar.at(scene.moment)
    if session is None:
        end = calendar.latest_closed(scene.moment).close_utc
    else:
        end = session.open_utc + (scene.moment - session.open_utc) // HALF * HALF
    scene.host.control.correct_bar(place.symbol, end, scene.chance.choice([0.9, 0.995, 1.02, 1.3]))
    scene.corrected.setdefault(place.symbol, set()).add(end)


def bars_twice(scene: Scene) -> None:
    scene.inject(message="historicalData", do="duplicate", times=scene.chance.randint(2, 5))


def bars_backwards(scene: Scene) -> End:
    scene.host.bend(is_backwards=True)
    return lambda: scene.host.bend(is_backwards=False)


def answers_swapped(scene: Scene) -> None:
    scene.inject(message="historicalData", do="reorder", seconds=0.3)


def halted(scene: Scene) -> None:
    place = scene.place()
    until = scene.moment + MINUTE * scene.chance.randint(5, 70)
    scene.host.control.halt(place.symbol, until)


def impossible_price(scene: Scene) -> None:
    # Behind five fields of the answer each bar has eight: its time, open, high, low, close ...
    which, price = scene.chance.randint(0, 12), scene.chance.randint(2, 5)
    scene.inject(
        message="historicalData",
        symbol=scene.place().symbol,
        do="corrupt",
        field=5 + 8 * which + price,
        value=scene.chance.choice(["-1", "0", "nan", "1e9", "inf", ""]),
    )


def another_scale(scene: Scene) -> End:
    factor = scene.chance.choice([1000.0, 0.001])
    since = scene.moment - HALF * scene.chance.randint(1, 6)
    scene.host.bend(factor=factor, since=since)
    return lambda: scene.host.bend(factor=1.0)


def no_live_prices(scene: Scene) -> End:
    subscription = scene.chance.choice(["none", "delayed"])
    symbol = scene.place().symbol
    scene.host.control.set_market_data(subscription=subscription, symbol=symbol)
    return lambda: scene.host.control.set_market_data(subscription="live", symbol=symbol)


def split(scene: Scene) -> None:
    if len(scene.splits) < MOST_SPLITS:
        place = scene.place()
        scene.splits.append(place.symbol)
        ratio = scene.chance.choice(["2:1", "3:2", "1:4"])
        scene.host.control.corporate_action(place.symbol, split=ratio)


def price_jumps(scene: Scene) -> None:
    scene.host.control.move_price(scene.place().symbol, scene.chance.choice([0.93, 0.98, 1.04]))


def _later(scene: Scene, **step: Any) -> Mapping[str, object]:
    return {"after": scene.seconds(), **step}


WEIGHTS: dict[Callable[[Scene], End | None], int] = {
    socket_closed: 3,
    closed_within_answer: 3,
    closed_by_question: 3,
    silence: 2,
    silent_for_good: 1,
    restored_data_kept: 3,
    restored_data_lost: 3,
    terminal_cut_off: 2,
    said_often: 1,
    farms_broken: 2,
    restarted: 2,
    nightly_reset: 2,
    id_in_use: 2,
    rival_session: 2,
    too_many_messages: 1,
    positions_unanswered: 1,
    positions_broken_off: 1,
    orders_broken_off: 1,
    position_unreadable: 2,
    slow: 2,
    no_bars: 3,
    asked_too_much: 3,
    overloaded: 2,
    bars_unanswered: 1,
    answer_lost: 2,
    answer_unreadable: 2,
    late_bar: 3,
    provisional_bar: 3,
    corrected_bar: 4,
    bars_twice: 3,
    bars_backwards: 3,
    answers_swapped: 2,
    halted: 2,
    impossible_price: 5,
    another_scale: 3,
    no_live_prices: 2,
    split: 1,
    price_jumps: 3,
}
"""Every trouble with the gateway, and how often it is drawn."""

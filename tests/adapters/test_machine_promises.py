"""What the connection's machine promises whatever happens, in whatever order."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.adapters.ib import happenings as have
from sellkit.adapters.ib.happenings import Answer, Command, Event
from sellkit.core.alerts import AlertKind
from sellkit.core.portfolio import GatewayKind
from tests.adapters.machine_driver import ACCOUNTS, Driver, rules

FARMS = {2103: True, 2105: True, 2157: True, 2104: False, 2106: False, 2158: False}
FAMILY = {2103: "m", 2104: "m", 2105: "h", 2106: "h", 2157: "d", 2158: "d"}
CODES = (*FARMS, 321, 1100, 1101, 1102, 2110, 1300, 326, 100, 502, 504, 10197, 2107, 2119, 399)

Make = Callable[[int, int], Event]
"""An event of a link and a turn."""


def told(code: int, farm: str) -> Make:
    return lambda link, _turn: have.Told(link, code, f"Read-Only mode, so and so:{farm}")


MAKES: dict[str, Make] = {
    "opened": lambda link, _turn: have.Opened(link, ACCOUNTS, GatewayKind.PAPER),
    "other": lambda link, _turn: have.Opened(link, frozenset({"U9"}), GatewayKind.LIVE),
    "refused": lambda link, _turn: have.Refused(link, "refused", is_silent=True),
    "lost": lambda link, _turn: have.Lost(link, "lost"),
    "unread": lambda link, _turn: have.Unread(link),
    "unanswered": lambda link, _turn: have.Unanswered(link, "no end"),
    "waited": lambda _link, turn: have.Waited(turn),
    "probed": lambda _link, turn: have.Probed(turn, is_answered=True),
    "silent": lambda _link, turn: have.Probed(turn, is_answered=False),
    "synced": lambda _link, turn: have.Synced(turn, Answer.COMPLETE),
    "doubtful": lambda _link, turn: have.Synced(turn, Answer.DOUBTFUL, "doubtful"),
    "bar": lambda _link, turn: have.Tried(turn, has_data=True),
    "no bar": lambda _link, turn: have.Tried(turn, has_data=False),
    "endless": lambda _link, turn: have.Synced(turn, Answer.NONE, "no end"),
}
# "well" is whatever ends what is under way well: without it hardly anything would ever be ready.
STEPS = st.one_of(
    st.just("well"),
    st.just("well"),
    st.tuples(
        st.sampled_from(sorted(MAKES)).map(MAKES.__getitem__)
        | st.builds(told, st.sampled_from(CODES), st.sampled_from(["usfarm", "eufarm"])),
        st.sampled_from([0, 0, 0, -1, 1]),
    ),
)


class World:
    """What is the case, told from the events and commands alone."""

    def __init__(self) -> None:
        self.link = self.opened = 0
        self.task: Command | None = None
        self.is_silent = self.is_cut = self.is_unread = self.is_synced = self.competes = False
        self.refuses = False
        self.broken: set[tuple[str, str]] = set()

    def happened(self, event: Event) -> None:
        """Before the machine hears of it."""
        turn = getattr(self.task, "turn", None)
        match event:
            case have.Opened(link) if link == self.link and self._awaits(have.Dial):
                self.opened = link
            case have.Lost(link) if link == self.opened:
                self.opened = 0
            case have.Unread(link) if link == self.link:
                self.is_unread, self.is_synced = True, False
            case have.Probed(number, is_answered) if number == turn and self._awaits(have.Probe):
                self.is_silent = not is_answered
            case have.Synced(number, answer) if number == turn and self._awaits(have.Sync):
                self.is_synced = answer is Answer.COMPLETE and not self.is_unread
            case have.Tried(number, has_data) if number == turn and self._awaits(have.Try):
                self.competes = self.competes and not has_data
            case have.Told(link, code, text) if link == self.link:
                self._told(code, text.rpartition(":")[2])

    def _awaits(self, kind: type) -> bool:
        return isinstance(self.task, kind)

    def _told(self, code: int, farm: str) -> None:
        if code in (1100, 2110, 1101, 1102):
            self.is_cut, self.is_synced = code in (1100, 2110), False
            self.competes = self.competes and self.is_cut
        elif code == 321:
            self.refuses = True
        elif code == 10197:
            self.competes = True
        elif code in FARMS:
            change = self.broken.add if FARMS[code] else self.broken.discard
            change((FAMILY[code], farm))
            self.competes = self.competes and code != 2104
        elif code == 2107:
            self.broken.discard(("h", farm))

    def commanded(self, command: Command) -> None:
        match command:
            case have.Dial(_, link):
                self.link, self.task = link, command
                self.is_silent = self.is_cut = self.is_unread = self.is_synced = False
                self.competes = self.refuses = False
                self.broken.clear()
            case have.Sync():
                self.task, self.is_unread = command, False
            case have.Wait() | have.BackOff() | have.Probe() | have.Try():
                self.task = command
            case have.Close():
                self.opened, self.task = 0, None

    def is_well(self, *, trusts_start: bool, epoch: int) -> bool:
        trusted = trusts_start and epoch == 1 and not self.is_unread
        return (
            bool(self.opened)
            and not (self.is_silent or self.is_cut or self.is_unread or self.broken)
            and not (self.competes or self.refuses)
            and (self.is_synced or trusted)
        )


def run(driver: Driver, steps: list[object]) -> list[tuple[Driver, World]]:
    """Feed the steps; after each of them the promises are checked."""
    world = World()
    for command in driver.feed(have.Waited(0)):
        world.commanded(command)
    for each in steps:
        if driver.state.stage.name == "ENDED":
            break
        event = _event(driver, each)
        world.happened(event)
        commands = driver.feed(event)
        for command in commands:
            world.commanded(command)
        check(driver, world, commands)
    return [(driver, world)]


def _event(driver: Driver, each: object) -> Event:
    if isinstance(each, tuple):
        make, off = each
        made: Event = make(driver.state.link + off, driver.state.turn + off)
        return made
    spare = Driver(driver.rules, driver.state, list(driver.commands))
    seen: list[Event] = []
    spare.feed = lambda event: seen.append(event) or []  # type: ignore[method-assign, func-returns-value]
    spare.well()
    return seen[0]


def check(driver: Driver, world: World, commands: list[Command]) -> None:
    state = driver.state
    if driver.is_ready:
        well = world.is_well(trusts_start=driver.rules.trusts_start, epoch=state.epoch)
        assert well, (vars(world), state)
    if state.stage.name != "ENDED":
        assert world.task is not None, "nothing is under way, so nothing will ever happen again"
        assert getattr(world.task, "turn", None) == state.turn
    assert sum(isinstance(each, have.Dial) for each in commands) <= 1


@pytest.mark.parametrize("is_lasting", [True, False])
@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEPS, max_size=60))
def test_ready_means_linked_probed_not_cut_off_all_farms_up_and_lists_read(
    is_lasting: bool, steps: list[object]
) -> None:
    run(Driver(rules(is_lasting=is_lasting, trusts_start=not is_lasting)), steps)


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(STEPS, max_size=60))
def test_no_kind_of_alert_is_said_twice_before_it_was_cleared(steps: list[object]) -> None:
    driver = Driver()
    run(driver, steps)
    open_ones: set[AlertKind] = set()
    for command in driver.commands:
        if isinstance(command, have.Clear):
            open_ones.clear()
        elif isinstance(command, have.Say):
            assert command.kind not in open_ones
            open_ones.add(command.kind)


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(STEPS, max_size=60))
def test_whatever_happened_a_gateway_that_is_well_again_becomes_ready(steps: list[object]) -> None:
    driver = Driver()
    run(driver, steps)
    if driver.state.stage.name == "ENDED":
        assert driver.alerts[-1] is AlertKind.OTHER_GATEWAY
        return
    if driver.state.read_only and driver.state.stage.name != "RESTING":
        driver.feed(have.Lost(driver.state.link, "it was set otherwise and started anew"))
    if driver.state.upstream:
        driver.told(1102)
    for farm in driver.state.farms:
        code = {"market data": 2104, "historical data": 2106, "definitions": 2158}[farm.family]
        driver.told(code, f"connection is OK:{farm.name}")
    driver.until_ready()


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(STEPS, max_size=60))
def test_epochs_only_rise_and_every_link_is_closed_before_the_next(steps: list[object]) -> None:
    driver = Driver()
    run(driver, steps)
    open_link = None
    for command in driver.commands:
        if isinstance(command, have.Dial):
            assert open_link is None
            open_link = command.link
        elif isinstance(command, have.Close):
            assert command.link == open_link
            open_link = None

"""Drives the pure machine: feeds it events as they would come, and keeps what it commands."""

from __future__ import annotations

from dataclasses import dataclass, field

from sellkit.adapters.ib import happenings as have
from sellkit.adapters.ib.happenings import Answer, Command, Event
from sellkit.adapters.ib.machine import step
from sellkit.adapters.ib.readiness import Rules, State, why_not
from sellkit.adapters.ib.returning import Returning
from sellkit.core.alerts import AlertKind
from sellkit.core.portfolio import GatewayKind

ADDRESS = "127.0.0.1:4002"
ACCOUNTS = frozenset({"DU1"})
RETURNING = Returning(
    probe_seconds=10, probe_timeout_seconds=5, cut_off_seconds=45, competing_seconds=20,
    alert_after=3,
)  # fmt: skip


def rules(**changes: object) -> Rules:
    usual: dict[str, object] = {"address": ADDRESS, "client_id": 7, "returning": RETURNING}
    return Rules(**(usual | changes))  # type: ignore[arg-type]


@dataclass
class Driver:
    """A machine, its state, and everything that it commanded."""

    rules: Rules = field(default_factory=rules)
    state: State = field(default_factory=State)
    commands: list[Command] = field(default_factory=list)
    upkeep: str = ""

    def feed(self, event: Event) -> list[Command]:
        """Feed one event, and give what is commanded for it."""
        self.state, commands = step(self.state, event, self.rules, self.upkeep)
        self.commands.extend(commands)
        return list(commands)

    @property
    def reason(self) -> str:
        return why_not(self.state, self.rules)

    @property
    def is_ready(self) -> bool:
        return not self.reason

    @property
    def task(self) -> Command:
        """What is under way."""
        kinds = have.Dial | have.Wait | have.BackOff | have.Probe | have.Sync | have.Try
        return next(each for each in reversed(self.commands) if isinstance(each, kinds))

    @property
    def alerts(self) -> list[AlertKind]:
        return [each.kind for each in self.commands if isinstance(each, have.Say)]

    def count(self, kind: type) -> int:
        return sum(isinstance(each, kind) for each in self.commands)

    # --- what a gateway that is well does --------------------------------------------------------

    def well(self) -> list[Command]:
        """What is under way ends well."""
        task = self.task
        match task:
            case have.Dial(_, link, _):
                accounts, kind = self.state.identity or (ACCOUNTS, GatewayKind.PAPER)
                return self.feed(have.Opened(link, accounts, kind))
            case have.Wait(turn) | have.BackOff(turn):
                return self.feed(have.Waited(turn))
            case have.Probe(turn):
                return self.feed(have.Probed(turn, is_answered=True))
            case have.Sync(turn):
                return self.feed(have.Synced(turn, Answer.COMPLETE))
            case have.Try(turn):
                return self.feed(have.Tried(turn, has_data=True))
        raise AssertionError(f"{task} is not under way")

    def until_ready(self, steps: int = 12) -> Driver:
        """Let everything go well until it is ready."""
        if not self.commands:
            self.feed(have.Waited(self.state.turn))
        for _ in range(steps):
            if self.is_ready:
                return self
            self.well()
        raise AssertionError(f"not ready after {steps} steps: {self.reason}")

    def told(self, code: int, text: str = "as told") -> list[Command]:
        return self.feed(have.Told(self.state.link, code, text))

    def probed(self, *, is_answered: bool) -> list[Command]:
        """The next probe is due, and this comes of it."""
        if isinstance(self.task, have.Wait):
            self.well()
        assert isinstance(self.task, have.Probe)
        return self.feed(have.Probed(self.task.turn, is_answered))

    def synced(self, answer: Answer, problem: str = "") -> list[Command]:
        """Go on until the lists are asked for, and answer that."""
        for _ in range(6):
            if isinstance(self.task, have.Sync):
                return self.feed(have.Synced(self.task.turn, answer, problem))
            self.well()
        raise AssertionError("the lists are not asked for")

"""Faults as data: which message a rule waits for, and which rules strike.

A rule says when (the kind of message and its count, or a moment of the gateway's clock) and what
then happens; see `sellkit.simgateway.fault_actions` for what can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sellkit.simgateway.chance import Chance
from sellkit.simgateway.kinds import ANY, Direction

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from sellkit.simgateway.fault_actions import Action
    from sellkit.simgateway.latency import Latency


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What a rule waits for: messages, or with `at` a moment.

    Attributes
    ----------
    direction, message
        The kind of message, `*` for every one.
    at
        The moment of the gateway's clock at which the rule strikes once, without any message.
    nth, every, from_nth
        Which of the messages that fit, counted from 1 over all clients; at most one of them is
        given, and with none every message is struck.
    after, before
        Only messages from one moment of the gateway's clock on, or before one.
    symbol, client_id
        Only messages about a contract, or of a client.
    """

    direction: Direction = Direction.IN
    message: str = ANY
    at: dt.datetime | None = None
    nth: int | None = None
    every: int | None = None
    from_nth: int | None = None
    after: dt.datetime | None = None
    before: dt.datetime | None = None
    symbol: str | None = None
    client_id: int | None = None

    def fits(self, passing: Passing) -> bool:
        """Whether a message is one that the rule counts."""
        return (
            self.at is None
            and self.direction is passing.direction
            and self.message in (ANY, passing.name)
            and self.symbol in (None, passing.symbol)
            and self.client_id in (None, passing.client_id)
            and (self.after is None or passing.now >= self.after)
            and (self.before is None or passing.now < self.before)
        )

    def strikes(self, count: int) -> bool:
        """Whether the rule strikes the message with that number among those that fit."""
        return (
            self.nth in (None, count)
            and (self.every is None or count % self.every == 0)
            and (self.from_nth is None or count >= self.from_nth)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault: when it strikes, and what it does."""

    when: When
    action: Action

    def known_by(self, origins: Mapping[str, str]) -> Rule:
        """The same rule, its contract by the symbol that it had at first."""
        symbol = self.when.symbol
        if symbol is None:
            return self
        return replace(self, when=replace(self.when, symbol=origins[symbol]))


class Passing(NamedTuple):
    """What rules may know of a message."""

    direction: Direction
    name: str
    symbol: str | None
    client_id: int | None
    now: dt.datetime


@dataclass(slots=True)
class Armed:
    """A rule in force: its number, the messages that fitted, and how often it struck."""

    number: int
    rule: Rule
    fitted: int = 0
    struck: int = 0


class Faults:
    """The rules in force and the latencies of a gateway.

    Attributes
    ----------
    is_mute
        The gateway is cut off: it takes requests and answers none; notices still go out.
    """

    def __init__(
        self, rules: Iterable[Rule] = (), latencies: Iterable[Latency] = (), seed: int = 1
    ) -> None:
        self.is_mute = False
        self._armed: list[Armed] = []
        self._next = 1
        self._seed = seed
        self._latencies = {(each.direction, each.message): each for each in latencies}
        self._sampled: dict[str, int] = {}
        for rule in rules:
            self.add(rule)

    @property
    def is_idle(self) -> bool:
        """Whether every message passes untouched and at once."""
        return not (self._armed or self._latencies or self.is_mute)

    @property
    def awaits_moment(self) -> bool:
        """Whether a rule waits for a moment of the gateway's clock."""
        return any(armed.rule.when.at is not None and not armed.struck for armed in self._armed)

    @property
    def armed(self) -> tuple[Armed, ...]:
        """The rules in force, oldest first."""
        return tuple(self._armed)

    def add(self, rule: Rule) -> int:
        """Put a rule in force, and give its number."""
        self._armed.append(Armed(self._next, rule))
        self._next += 1
        return self._next - 1

    def clear(self) -> int:
        """Take every rule out of force, end a cut-off, and give the number of rules taken."""
        count = len(self._armed)
        self._armed.clear()
        self.is_mute = False
        return count

    def struck(self, passing: Passing) -> list[Action]:
        """What happens to a message, in the order of the rules; each that fits counts it."""
        actions = []
        for armed in self._armed:
            if not armed.rule.when.fits(passing):
                continue
            armed.fitted += 1
            if armed.rule.when.strikes(armed.fitted):
                armed.struck += 1
                actions.append(armed.rule.action)
        return actions

    def due(self, now: dt.datetime) -> list[Rule]:
        """The rules whose moment has come since they were last asked for."""
        found = []
        for armed in self._armed:
            at = armed.rule.when.at
            if at is not None and at <= now and not armed.struck:
                armed.struck = 1
                found.append(armed.rule)
        return found

    def pass_over(self, moment: dt.datetime) -> None:
        """Take it that the rules for moments up to this one have struck, as they did before."""
        self.due(moment)

    def latency(self, passing: Passing) -> float:
        """Real seconds that a message takes; drawn anew for each, the same for the same seed."""
        found = self._latencies.get((passing.direction, passing.name))
        if found is None:
            return 0.0
        count = self._sampled.get(passing.name, 0)
        self._sampled[passing.name] = count + 1
        chance = Chance(self._seed, "latency", passing.name)
        return found.seconds(float(chance.shares(np.array([count]))[0][0]))

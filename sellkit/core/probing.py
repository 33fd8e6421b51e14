"""What a probe found out about one gateway, and whether live mode may rest on it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from sellkit.core.live_facts import ProbeStanding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sellkit.core.portfolio import GatewayKind

VALIDITY: Final = dt.timedelta(days=30)
"""How long a probe counts. Every setting that it saw is one click away in the terminal, and
Interactive Brokers updates terminals and servers about monthly: an older probe tells of another
gateway."""

_TO_DO: Final = "run `sellkit probe`"
NEVER_PROBED: Final = f"this gateway was never probed: {_TO_DO}"

# What the two clocks of one machine and its gateway may differ by.
_AHEAD: Final = dt.timedelta(minutes=5)


class Outcome(StrEnum):
    """What an answer means for live mode."""

    GOOD = "good"
    NOTED = "noted"
    BAD = "bad"


class Question(StrEnum):
    """What a probe asks, in this order."""

    GATEWAY = "gateway"
    ACCOUNTS = "accounts"
    ORDERS = "orders"
    CLIENT_ID = "client id"
    READ_ONLY = "read-only API"
    RESUBMISSION = "resubmission"
    INSTRUMENT = "instrument"
    PRICES = "prices"
    HOURS = "hours"
    DAYS = "31 D"
    MONTH = "1 M"
    YEAR = "1 Y"
    ZONE = "time zone"
    LOTS = "lots"
    FINAL = "final bar"
    REFERENCE = "order reference"


MEASURED_APART: Final = frozenset({Question.FINAL, Question.REFERENCE})
"""What only some probes measure; a later one without it keeps what was found."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found.

    Attributes
    ----------
    answer, follows
        What it is, and what follows from it; without account numbers.
    figures
        The numbers behind it, for later: texts, whole numbers, floats, None.
    is_measured
        Whether the gateway was asked at all.
    """

    outcome: Outcome
    answer: str
    follows: str
    figures: Mapping[str, object] = field(default_factory=dict)
    is_measured: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One question and its answer.

    Attributes
    ----------
    outcome, answer, follows, figures, is_measured
        See `Answer`.
    at
        When it was found, by the clock that sellkit lives by; aware UTC.
    """

    question: Question
    outcome: Outcome
    answer: str
    follows: str
    at: dt.datetime
    figures: Mapping[str, object] = field(default_factory=dict)
    is_measured: bool = True

    @classmethod
    def of(cls, question: Question, found: Answer, at: dt.datetime) -> Self:
        """An answer, and when it was given."""
        return cls(
            question=question,
            outcome=found.outcome,
            answer=found.answer,
            follows=found.follows,
            at=at,
            figures=found.figures,
            is_measured=found.is_measured,
        )


def good(answer: str, follows: str, **figures: object) -> Answer:
    """Things are as sellkit takes them."""
    return Answer(Outcome.GOOD, answer, follows, figures)


def noted(answer: str, follows: str, **figures: object) -> Answer:
    """Something to know, which does not stand in the way of live mode."""
    return Answer(Outcome.NOTED, answer, follows, figures)


def bad(answer: str, follows: str, **figures: object) -> Answer:
    """Live mode must not rest on it."""
    return Answer(Outcome.BAD, answer, follows, figures)


def not_measured(why: str, follows: str) -> Answer:
    """The gateway was not asked, or could not tell."""
    return Answer(Outcome.NOTED, f"not measured: {why}", follows, is_measured=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedGateway:
    """Which gateway, and whose account on it.

    Attributes
    ----------
    address
        Host and port.
    account, fingerprint
        The account's alias, and what tells it from others without its number.
    server_version
        Of the protocol, as agreed between the gateway and the client; 0 where it was not asked.
    """

    address: str
    kind: GatewayKind
    account: str
    fingerprint: str
    server_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRecord:
    """Everything that one probe found.

    Attributes
    ----------
    began_at, ended_at
        By the clock that sellkit lives by; aware UTC.
    """

    gateway: ProbedGateway
    began_at: dt.datetime
    ended_at: dt.datetime
    findings: tuple[Finding, ...]

    @property
    def is_passed(self) -> bool:
        """Whether every question was dealt with, and no answer keeps live mode from resting on it.

        A probe of a version that asked less does not pass.
        """
        return not self.failed and {each.question for each in self.findings} == set(Question)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The answers that do not do."""
        return tuple(each for each in self.findings if each.outcome is Outcome.BAD)

    def found(self, question: Question) -> Finding | None:
        """The answer to a question."""
        return next((each for each in self.findings if each.question is question), None)


def standing_of(
    record: ProbeRecord | None, gateway: ProbedGateway, now: dt.datetime
) -> ProbeStanding:
    """Whether a gateway and account have passed, as of now.

    Parameters
    ----------
    record
        The latest probe of the profile; None when there is none that can be read.
    """
    if record is None:
        return ProbeStanding(None, NEVER_PROBED)
    trouble = _other(record.gateway, gateway)
    when = f"{record.ended_at:%Y-%m-%d %H:%M} UTC"
    if not trouble and not record.is_passed:
        failed = ", ".join(each.question for each in record.failed) or "it asked less than today"
        trouble = f"the probe of {when} was not passed ({failed}): {_TO_DO}, which says why"
    age = now - record.ended_at
    if not trouble and age > VALIDITY:
        trouble = f"the probe of {when} is more than {VALIDITY.days} days old: {_TO_DO}"
    if not trouble and age < -_AHEAD:
        trouble = f"the probe of {when} lies ahead of now, {now:%Y-%m-%d %H:%M} UTC: {_TO_DO}"
    return ProbeStanding(None, trouble) if trouble else ProbeStanding(record.ended_at)


def carried(
    former: ProbeRecord | None, gateway: ProbedGateway, now: dt.datetime
) -> Iterable[Finding]:
    """What an earlier probe of the same gateway measured that not every probe does."""
    if former is None or _other(former.gateway, gateway):
        return ()
    return tuple(
        each
        for each in former.findings
        if each.question in MEASURED_APART
        and each.is_measured
        and -_AHEAD <= now - each.at <= VALIDITY
    )


def _other(probed: ProbedGateway, asked: ProbedGateway) -> str:
    """In which way the gateway that was probed is another one; "" when it is not."""
    told = f"the probe was of the {probed.kind} gateway at {probed.address}"
    if (probed.address, probed.kind) != (asked.address, asked.kind):
        return f"{told}, not of the {asked.kind} one at {asked.address}: {_TO_DO}"
    if probed.fingerprint != asked.fingerprint:
        return f"the probe was of another account than {asked.account}: {_TO_DO}"
    if asked.server_version not in (0, probed.server_version):
        versions = f"version {probed.server_version}, and this is {asked.server_version}"
        return f"{told} at {versions}: {_TO_DO}"
    return ""

"""Probes as tests need them: each has usual values, and a test names only what matters."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sellkit.core.portfolio import Account, GatewayKind
from sellkit.core.probing import Answer, Finding, ProbedGateway, ProbeRecord, Question, good
from tests.build import NOW, account


def probed(owner: Account | None = None, **changes: Any) -> ProbedGateway:
    """A paper gateway on this machine."""
    mine = owner or account()
    usual: dict[str, Any] = {
        "address": "127.0.0.1:4002",
        "kind": GatewayKind.PAPER,
        "account": mine.alias,
        "fingerprint": mine.fingerprint,
        "server_version": 176,
    }
    return ProbedGateway(**(usual | changes))


def probe_record(
    *, at: dt.datetime = NOW, gateway: ProbedGateway | None = None, **answers: Answer
) -> ProbeRecord:
    """A probe that was passed, but for `answers`, which are named as the members of `Question`."""
    return ProbeRecord(
        gateway=gateway or probed(),
        began_at=at,
        ended_at=at,
        findings=tuple(
            Finding.of(each, answers.get(each.name, good("so it is", "all is well")), at)
            for each in Question
        ),
    )

"""What the latest probe of a profile says of the gateway that is to be traded at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sellkit.adapters.ib.broker import IbBroker
    from sellkit.adapters.probe_file import ProbeFile
    from sellkit.config import Settings
    from sellkit.core.live_facts import ProbeStanding
    from sellkit.core.portfolio import Account
    from sellkit.core.probing import ProbedGateway


def open_probes(settings: Settings) -> ProbeFile:
    """Where the latest probe of a profile is kept."""
    from sellkit.adapters.probe_file import ProbeFile

    return ProbeFile(settings.data_dir / "probe.json")


def probed_gateway(settings: Settings, broker: IbBroker, account: Account) -> ProbedGateway:
    """The gateway at the other end, as probes know it; NotConnected while it is not ready."""
    from sellkit.core.probing import ProbedGateway

    return ProbedGateway(
        address=_address(settings),
        kind=broker.kind,
        account=account.alias,
        fingerprint=account.fingerprint,
        server_version=broker.server_version,
    )


def probe_standing(settings: Settings, broker: IbBroker, account: Account) -> ProbeStanding:
    """Whether the gateway has passed the probe; the file is read anew each time."""
    from sellkit.core.probing import standing_of

    gateway = probed_gateway(settings, broker, account)
    return standing_of(open_probes(settings).read(), gateway, broker.clock.now())


def known_standing(settings: Settings, account: Account) -> ProbeStanding:
    """The same as far as no gateway is asked: by the kind and version that were probed."""
    from sellkit.adapters.clock import SystemClock
    from sellkit.core.live_facts import ProbeStanding
    from sellkit.core.probing import NEVER_PROBED, standing_of

    record = open_probes(settings).read()
    if record is None:
        return ProbeStanding(None, NEVER_PROBED)
    is_gateway_time = settings.connection.clock == "broker"
    now = record.ended_at if is_gateway_time else SystemClock().now()
    asked = replace(
        record.gateway,
        address=_address(settings),
        account=account.alias,
        fingerprint=account.fingerprint,
    )
    return standing_of(record, asked, now)


def _address(settings: Settings) -> str:
    return f"{settings.connection.host}:{settings.connection.port}"

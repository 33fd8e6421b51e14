"""Asks a gateway whether it is well, where nobody is connected who would know."""

from __future__ import annotations

import logging
import os
from contextlib import closing
from typing import TYPE_CHECKING, Final

from sellkit.errors import SellkitError

if TYPE_CHECKING:
    from sellkit.config import Settings
    from sellkit.core.alerts import Alert

log = logging.getLogger(__name__)

_ASIDE: Final = 72
"""How far the first of the client ids lies from the profile's highest: beyond the doctor's."""

_IDS: Final = 10
"""Several processes look after the alerts of a profile, and may ask at the same moment."""


def answers(settings: Settings) -> bool:
    """Whether the gateway takes a connection that is ready, with the data farms it needs.

    Parameters
    ----------
    settings
        The profile's.
    """
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.ib.broker import IbBroker

    at, requests = settings.connection, settings.file.requests
    try:
        broker = IbBroker.connect(
            host=at.host,
            port=at.port,
            client_id=_client_id(settings),
            clock=SystemClock(),
            connect_timeout_seconds=requests.connect_timeout_seconds,
            expected=at.gateway,
            on_alert=_heed_not,
        )
        with closing(broker):
            doubt = broker.standing.reason or ", ".join(broker.broken_farms)
    except SellkitError as error:
        doubt = str(error)
    log.info("gateway_asked", extra={"doubt": doubt})
    return not doubt


def _client_id(settings: Settings) -> int:
    highest = max(settings.connection.client_id, settings.connection.viewer_client_id)
    return highest + _ASIDE + os.getpid() % _IDS


def _heed_not(alert: Alert) -> None:
    """What is amiss is an alert of the connection already that this is asked for."""
    log.debug("gateway_not_well", extra={"kind": str(alert.kind)})

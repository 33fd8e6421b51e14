"""The broker of a probe: it reads what no other does, and has the narrow way of a probe's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.adapters.ib.orders.probing import IbProbeLine
from sellkit.adapters.ib.surveying import SurveyingBroker
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from sellkit.adapters.ib.bridge import Bridge
    from sellkit.adapters.ib.orders.reporter import Reporter
    from sellkit.adapters.ib.pacing import Pacer
    from sellkit.ports import Clock
    from sellkit.ports.probing import ProbeLine


class ProbingBroker(SurveyingBroker):
    """An `IbBroker` for a probe. Only with `sends_orders` has it a line for an order."""

    def __init__(
        self, bridge: Bridge, pacer: Pacer, clock: Clock | None, reporter: Reporter | None = None
    ) -> None:
        super().__init__(bridge, pacer, clock, reporter)
        self._reporter = reporter

    def line(self) -> ProbeLine:
        """The narrow way of a probe's order.

        Raises
        ------
        ConfigError
            It was not connected in order to send any.
        """
        if self._reporter is None or self._route is None:
            raise ConfigError("this connection places no order: it was made to read")
        route, clock = self._route, self._clock
        return IbProbeLine(self._bridge, self._reporter, route, clock, self.close)

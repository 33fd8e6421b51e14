"""The broker of who looks into a gateway more closely than a run does. It reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.ib.survey import IbSurvey

if TYPE_CHECKING:
    from sellkit.ports.probing import Survey


class SurveyingBroker(IbBroker):
    """An `IbBroker` that can be asked what no run asks."""

    def survey(self, client_id: int) -> Survey:
        """What only a probe or the doctor asks; `client_id` is the one that it is connected as."""
        return IbSurvey(self._bridge, self._pacer, self._clock, client_id)

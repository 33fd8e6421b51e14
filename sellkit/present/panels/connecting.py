"""The panel to choose a gateway, and to see what stands there before the day begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sellkit.present.heading import heading_colour
from sellkit.present.panels.extra import missing_lab

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sellkit.present.hypertext import Html
    from sellkit.present.panels.connect_view import ConnectView

_SIMULATED = "simulated"
_EACH_KIND = {
    _SIMULATED: "made-up prices on this machine; nothing is real",
    "paper": "your broker's paper account: real prices, no real money",
    "live": "your broker's live account: real money",
}


@dataclass(frozen=True, slots=True)
class GatewayChoice:
    """A profile of the settings.

    Attributes
    ----------
    address
        Where its gateway listens, `127.0.0.1:4002`.
    kind
        What has to stand there: simulated, paper or live; empty where any may.
    """

    profile: str
    address: str
    kind: str


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a test of a connection found."""

    text: str
    is_good: bool = True


@dataclass(frozen=True, slots=True)
class Examined:
    """What a test of a connection came to.

    Attributes
    ----------
    found
        What was found, in order.
    conditions
        What the line over a table would say; empty when there is no connection.
    kind
        What stands there; empty when that is not known.
    advice
        What to do when there is no connection.
    """

    found: tuple[Found, ...]
    conditions: str = ""
    kind: str = ""
    advice: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the day can begin."""
        return all(each.is_good for each in self.found)


class Gateways(Protocol):
    """What the panel asks of the settings and of what stands behind them."""

    def choices(self) -> Sequence[GatewayChoice]:
        """The profiles, the simulated one first."""
        ...

    def chosen(self) -> str:
        """The profile that notebooks use which name none."""
        ...

    def choose(self, profile: str) -> None:
        """Let notebooks use it from now on."""
        ...

    def test(self, profile: str) -> Examined:
        """Connect, look and leave; a failure is among what was found."""
        ...

    def start(self, profile: str) -> str:
        """Start a simulated gateway for a profile; gives how long it lives."""
        ...


def connect(gateways: Gateways) -> ConnectView | Html:
    """A panel to choose the gateway of the day.

    The choice holds for every notebook that names no profile of its own. Nothing is connected
    before one asks for the test, which connects, tells what it found, and leaves.

    Parameters
    ----------
    gateways
        `sellkit.wiring.gateways()`.
    """
    missing = missing_lab()
    return ConnectPanel.of(gateways).view if missing is None else missing


@dataclass(slots=True)
class ConnectPanel:
    """Answers what a person does in the panel."""

    gateways: Gateways
    view: ConnectView

    @classmethod
    def of(cls, gateways: Gateways) -> ConnectPanel:
        """List the profiles."""
        from sellkit.present.panels.connect_view import show  # noqa: PLC0415  (an extra)

        choices = [
            {
                "profile": each.profile,
                "kind": each.kind,
                "address": each.address,
                "meaning": _EACH_KIND.get(each.kind, "whatever stands there"),
                "colour": heading_colour("DRY RUN", each.kind),
            }
            for each in gateways.choices()
        ]
        panel = cls(gateways, show(choices=choices))
        panel._show(None, "Nothing is connected yet.")
        panel.view.on_msg(lambda _widget, message, _buffers: panel.hear(message))
        return panel

    def hear(self, message: Mapping[str, Any]) -> None:
        """Do what a message asks for; whatever goes wrong is said in the status."""
        number = int(message.get("number", 0))
        acts: dict[str, Callable[[str], tuple[Examined | None, str]]] = {
            "choose": self._choose,
            "test": self._test,
            "start": self._start,
        }
        try:
            tested, said = acts[str(message["do"])](str(message["profile"]))
        except Exception as error:  # noqa: BLE001  (a callback is an entry point; nobody else would show it)
            reason = " ".join(str(error).split()) or type(error).__name__
            self._show(None, f"That did not work: {reason}", number, is_bad=True)
            return
        self._show(tested, said, number, is_bad=tested is not None and not tested.conditions)

    def _choose(self, profile: str) -> tuple[None, str]:
        self.gateways.choose(profile)
        return None, f"Notebooks use the profile {profile} from now on; it is not tested yet."

    def _test(self, profile: str) -> tuple[Examined, str]:
        tested = self.gateways.test(profile)
        if not tested.conditions:
            return tested, "There is no connection."
        more = "" if tested.is_good else " There is something to look at."
        return tested, f"Connected, and left again.{more}"

    def _start(self, profile: str) -> tuple[Examined, str]:
        lives = self.gateways.start(profile)
        return self.gateways.test(profile), f"The simulated gateway runs {lives}"

    def _show(
        self, tested: Examined | None, said: str, number: int = 0, *, is_bad: bool = False
    ) -> None:
        chosen, view = self.gateways.chosen(), self.view
        kind = next((each["kind"] for each in view.choices if each["profile"] == chosen), "")
        found = () if tested is None else tested.found
        conditions = f"profile {chosen} · not tested"
        if tested is not None:
            kind = tested.kind or kind
            conditions = tested.conditions or f"profile {chosen} · not connected"
        with view.hold_sync():
            view.heading = {
                "mode": "DRY RUN",
                "conditions": conditions,
                "colour": heading_colour("DRY RUN", kind),
            }
            view.state = {
                "chosen": chosen,
                "found": [[each.is_good, each.text] for each in found],
                "advice": "" if tested is None else tested.advice,
                "said": said,
                "bad": is_bad,
                "answers": number,
                "startable": kind == _SIMULATED and (tested is None or not tested.conditions),
            }

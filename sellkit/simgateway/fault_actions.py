"""What a fault does to a message and to the session that it belongs to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from sellkit.simgateway import messages
from sellkit.simgateway.framing import encode
from sellkit.simgateway.kinds import Direction
from sellkit.simgateway.subscriptions import settle

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.passage import Parcel

CLIENT_ID_IN_USE: Final = 326

# What the gateway says with a code when the rule gives no text of its own.
TEXTS: Final = {
    100: "Max rate of messages per second has been exceeded",
    162: "Historical Market Data Service error message:HMDS query returned no data: {symbol}@SMART "
    "Trades",
    326: "Unable to connect as the client id is already in use. Retry with a unique client id.",
    354: "Requested market data is not subscribed.",
    1100: "Connectivity between IB and Trader Workstation has been lost.",
    1101: "Connectivity between IB and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IB and Trader Workstation has been restored - data maintained.",
    1300: "Socket port has been reset and this connection is being dropped.",
    2103: "Market data farm connection is broken:{farm}",
    2104: "Market data farm connection is OK:{farm}",
    2105: "HMDS data farm connection is broken:{farm}",
    2106: "HMDS data farm connection is OK:{farm}",
    2107: "HMDS data farm connection is inactive but should be available upon demand.{farm}",
    2108: "Market data farm connection is inactive but should be available upon demand.{farm}",
    2109: "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored.",
    2110: "Connectivity between Trader Workstation and server is broken. It will be restored "
    "automatically.",
    2157: "Sec-def data farm connection is broken:{farm}",
    2158: "Sec-def data farm connection is OK:{farm}",
    10197: "No market data during competing live session",
    10225: "Bust event occurred, current subscription is deactivated. Please resubscribe real-time "
    "bars immediately.",
}


class Action(Protocol):
    """One thing that a fault does."""

    def act(self, parcel: Parcel) -> None:
        """Do it to a message on its way, and to its session."""
        ...

    def shown(self) -> dict[str, Any]:
        """Its settings by their names."""
        ...


@dataclass(frozen=True, slots=True)
class _Described:
    """An action that can tell its settings."""

    def shown(self) -> dict[str, Any]:
        """Its settings by their names."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Delay(_Described):
    """Pass the message on later, by real seconds."""

    seconds: float

    def act(self, parcel: Parcel) -> None:
        parcel.delay_seconds += self.seconds


@dataclass(frozen=True, slots=True)
class Drop(_Described):
    """Lose the message."""

    def act(self, parcel: Parcel) -> None:
        parcel.copies.clear()


@dataclass(frozen=True, slots=True)
class Duplicate(_Described):
    """Pass the message on several times in a row."""

    times: int

    def act(self, parcel: Parcel) -> None:
        parcel.copies *= self.times


@dataclass(frozen=True, slots=True)
class Reorder(_Described):
    """Pass the message on behind the next one of its direction.

    Where none comes it goes after `seconds` real seconds.
    """

    seconds: float

    def act(self, parcel: Parcel) -> None:
        parcel.hold_seconds = self.seconds


@dataclass(frozen=True, slots=True)
class Truncate(_Described):
    """Keep only the first fields of the message, its number included, in a whole frame."""

    fields: int

    def act(self, parcel: Parcel) -> None:
        parcel.copies = [values[: self.fields] for values in parcel.copies]


@dataclass(frozen=True, slots=True)
class Cut(_Described):
    """Send only the first bytes of the frame, and close the socket."""

    size: int

    def act(self, parcel: Parcel) -> None:
        parts = [encode(values)[: self.size] for values in parcel.copies[:1]]
        parcel.afterwards += [partial(parcel.session.queue, part) for part in parts]
        parcel.copies = []
        parcel.afterwards.append(parcel.session.hang_up)


@dataclass(frozen=True, slots=True)
class Corrupt(_Described):
    """Replace one field; a message that has not so many stays as it is.

    `field` counts from 1, the message's number being the first.
    """

    field: int
    value: str

    def act(self, parcel: Parcel) -> None:
        before = self.field - 1
        parcel.copies = [
            (*values[:before], self.value, *values[self.field :])
            if before < len(values)
            else values
            for values in parcel.copies
        ]


@dataclass(frozen=True, slots=True)
class Close(_Described):
    """Close the socket.

    With `deliver` the message still passes; a request is then carried out, and what would be
    answered at once is never sent.
    """

    deliver: bool

    def act(self, parcel: Parcel) -> None:
        session = parcel.session
        if not self.deliver:
            parcel.copies.clear()
        session.flush()
        is_unheard = self.deliver and parcel.direction is Direction.IN
        parcel.afterwards.append(session.drop if is_unheard else session.hang_up)


@dataclass(frozen=True, slots=True)
class Silence(_Described):
    """Say nothing more to the client and take nothing from it; the socket stays open.

    Without `seconds` for ever. What was said in the meantime is lost. With `deliver` a request is
    still carried out, and not answered.
    """

    seconds: float | None
    deliver: bool

    def act(self, parcel: Parcel) -> None:
        if not self.deliver:
            parcel.copies.clear()
        parcel.session.fall_silent(self.seconds)


@dataclass(frozen=True, slots=True)
class SendError(_Described):
    """Send an error instead of the message, with `deliver` before it.

    `request_id` is that of the message unless it is given.
    """

    code: int
    text: str
    request_id: int | None
    deliver: bool

    def act(self, parcel: Parcel) -> None:
        if not self.deliver:
            parcel.copies.clear()
        session = parcel.session
        request_id = parcel.request_id if self.request_id is None else self.request_id
        text = self.text.replace("{symbol}", parcel.symbol or "")
        session.queue(encode(messages.error(session.version, request_id, self.code, text)))
        settle(session, self.code, request_id)


@dataclass(frozen=True, slots=True)
class RefuseClient(_Described):
    """Say that the client id is in use, and close."""

    def act(self, parcel: Parcel) -> None:
        parcel.copies.clear()
        text = TEXTS[CLIENT_ID_IN_USE]
        session = parcel.session
        session.queue(encode(messages.error(session.version, -1, CLIENT_ID_IN_USE, text)))
        session.hang_up()


@dataclass(frozen=True, slots=True)
class Step:
    """One notice of a sequence.

    Attributes
    ----------
    seconds
        Real seconds after the step before.
    code, text
        What every client is told.
    mute
        From here on requests are taken and not answered (true), or answered again (false).
    close
        The socket is closed behind the notice.
    """

    seconds: float
    code: int
    text: str
    mute: bool | None = None
    close: bool = False


@dataclass(frozen=True, slots=True)
class Sequence(_Described):
    """Send notices one after the other to every client, or to one; the message passes."""

    steps: tuple[Step, ...]
    client_id: int | None = None

    def act(self, parcel: Parcel) -> None:
        self.play(parcel.session.gateway)

    def play(self, gateway: Gateway) -> None:
        """Begin the sequence."""
        seconds = 0.0
        for step in self.steps:
            seconds += step.seconds
            gateway.outage.later(seconds, step, self.client_id)


def text_for(code: int, farm: str) -> str | None:
    """What the gateway says with a code, if it knows."""
    text = TEXTS.get(code)
    return None if text is None else text.replace("{farm}", farm)

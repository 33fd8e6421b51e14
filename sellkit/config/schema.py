"""The shape of `sellkit.toml`: every table, every key, its type, bounds and default."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sellkit.core.alerts import Level
from sellkit.core.assignments import parse_choice
from sellkit.core.bars import Anchor
from sellkit.core.evaluate import DailyBasis
from sellkit.core.limits import AtClose, Foreign, OrderType
from sellkit.core.portfolio import GatewayKind
from sellkit.core.upkeep import LOGIN, RESTART, Window
from sellkit.errors import ConfigError, InvalidAssignment

MAX_CONCURRENCY = 32
LEAST_SECONDS = 60
"""Within them a session's last bar is asked for, own orders are cancelled and the close is sent."""

# Interactive Brokers resets its North American servers at 23:45 in New York, for about
# an hour, and asks for a full login after one in the morning of each Sunday there.
_RESTART = "23:45 America/New_York"
_LOGIN = "Sunday 01:00 America/New_York"

Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A table of the file: nothing unknown, nothing of another type, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class AssignmentSettings(Section):
    """`[assignments]`: where they are kept, and what an unassigned position gets."""

    path: str = "config/assigned_ma.csv"
    default: str | None = None

    @field_validator("default")
    @classmethod
    def _is_a_choice(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                parse_choice(value)
            except InvalidAssignment as error:
                raise ValueError(str(error)) from error
        return value


class HistorySettings(Section):
    """`[history]`: how much is kept at least; a long EMA asks for more by itself."""

    days: Annotated[int, Field(ge=1, le=7300)] = 365
    hours: Annotated[int, Field(ge=1, le=20_000)] = 200
    rth: bool = True


class BarSettings(Section):
    """`[bars]`: the grid that hours lie on, and when a bar counts."""

    hour_anchor: Annotated[Anchor, Field(strict=False)] = Anchor.CLOCK
    final_after_seconds: Annotated[float, Field(ge=0, le=300)] = 5.0
    late_seconds: Annotated[float, Field(ge=0, le=600)] = 60.0


class SignalSettings(Section):
    """`[signals]`: how the rule reads."""

    daily: Annotated[DailyBasis, Field(strict=False)] = DailyBasis.CLOSE
    max_seed_weight: Annotated[float, Field(gt=0, lt=1)] = 0.001


class OrderSettings(Section):
    """`[orders]`: what the gates hold a ticket to."""

    at_close: Annotated[AtClose, Field(strict=False)] = AtClose.NEXT_OPEN
    before_close_minutes: Annotated[float, Field(ge=2, le=20)] = 5.0
    foreign: Annotated[Foreign, Field(strict=False)] = Foreign.BLOCK
    require_above_break_even: bool = True
    max_shares: Annotated[Decimal, Field(gt=0, strict=False)] | None = None
    max_notional: Annotated[Decimal, Field(gt=0, strict=False)] | None = None
    max_bar_age_seconds: Seconds = 900.0
    max_snapshot_age_seconds: Seconds = 60.0
    close_margin_seconds: Seconds = 120.0
    max_quote_gap: Annotated[float, Field(gt=0, lt=1)] = 0.2
    max_orders: Annotated[int, Field(ge=1)] | None = None
    max_daily_notional: Annotated[Decimal, Field(gt=0, strict=False)] | None = None
    max_clock_skew_seconds: Annotated[float, Field(gt=0, le=10)] = 2.0
    many_exits: Annotated[int, Field(ge=1)] = 3
    many_exits_part: Annotated[float, Field(gt=0, le=1)] = 0.5
    cancel_seconds: Seconds = 20.0
    ack_seconds: Seconds = 15.0
    fill_seconds: Seconds = 60.0
    settle_seconds: Seconds = 30.0
    retry_proven_unsent: bool = False
    type: Annotated[OrderType, Field(strict=False)] = OrderType.MARKET
    limit_offset: Annotated[Decimal, Field(ge=0, lt=1, strict=False)] = Decimal("0.002")


class RequestSettings(Section):
    """`[requests]`: time-outs and the budget of questions to the gateway."""

    connect_timeout_seconds: Seconds = 10.0
    timeout_seconds: Seconds = 60.0
    per_second: Seconds = 10.0
    open_at_once: Annotated[int, Field(ge=1, le=50)] = 50
    concurrency: Annotated[int, Field(ge=1, le=MAX_CONCURRENCY)] = 8
    patience_seconds: Seconds = 60.0


class PathSettings(Section):
    """`[paths]`: where things are; data holds one folder for each profile."""

    data: str = "data"
    notebooks: str = "notebooks"


class ScheduleEntry(Section):
    """`[schedule.entries.NAME]`: a further notebook, by a cron expression on a zone's clock."""

    notebook: Annotated[str, Field(pattern=r"\.ipynb$")]
    cron: Annotated[str, Field(min_length=1)]
    zone: Annotated[str, Field(min_length=1)]
    parameters: dict[str, bool | int | float | str] = Field(default_factory=dict)


class LogSettings(Section):
    """`[logs]`: for how many days what was archived is kept; unset is for ever."""

    keep_days: Annotated[int, Field(ge=1)] | None = 365
    keep_signals_days: Annotated[int, Field(ge=1)] | None = None


class ScheduleSettings(Section):
    """`[schedule]`: when a run begins beside its hour's end, how late it may, how long it may take.

    Further notebooks stand in `entries`.
    """

    delay_seconds: Annotated[float, Field(ge=0)] = 20.0
    lead_seconds: Annotated[float, Field(ge=0, le=120)] = 60.0
    grace_seconds: Annotated[float, Field(ge=30, le=86_400)] = 600.0
    timeout_seconds: Annotated[float, Field(ge=1, le=86_400)] = 1500.0
    entries: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")], ScheduleEntry] = (
        Field(default_factory=dict)
    )


class AlertSettings(Section):
    """`[alerts]`: over which channels a person hears of what, and how often at most."""

    batch_minutes: Annotated[float, Field(ge=0, le=1440)] = 5.0
    repeat_minutes: Annotated[float, Field(ge=0, le=1440)] = 60.0
    deliver_seconds: Annotated[float, Field(gt=0, le=300)] = 20.0
    disconnected_minutes: Annotated[float, Field(gt=0, le=1440)] = 10.0
    low_disk_megabytes: Annotated[int, Field(ge=0)] = 1000
    login_notice_hours: Annotated[float, Field(ge=0, le=48)] = 12.0
    watchdog_minutes: Annotated[float, Field(ge=1, le=240)] = 10.0
    channels: dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Annotated[Level, Field(strict=False)]
    ] = Field(default_factory=dict)


class ProfileSettings(Section):
    """`[profiles.NAME]`: one gateway and the account on it."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)]
    client_id: Annotated[int, Field(ge=0)] = 1
    viewer_client_id: Annotated[int, Field(ge=0)] = 11
    account: str | None = None
    clock: Literal["system", "broker"] = "system"
    gateway: Annotated[GatewayKind, Field(strict=False)] | None = None
    assignments: str | None = None
    restart_at: str | None = None
    restart_minutes: Annotated[float, Field(gt=0, le=720)] = 60.0
    login_at: str | None = None
    login_grace_hours: Annotated[float, Field(gt=0, le=72)] = 12.0

    @field_validator("restart_at")
    @classmethod
    def _is_a_restart(cls, value: str | None) -> str | None:
        return _as_window(RESTART, value)

    @field_validator("login_at")
    @classmethod
    def _is_a_login(cls, value: str | None) -> str | None:
        return _as_window(LOGIN, value)


def _as_window(name: str, text: str | None) -> str | None:
    if text is not None:
        try:
            Window.parse(name, text, dt.timedelta(hours=1))
        except ConfigError as error:
            raise ValueError(str(error)) from error
    return text


def default_profiles() -> dict[str, ProfileSettings]:
    return {
        "demo": ProfileSettings(
            port=4012,
            clock="broker",
            gateway=GatewayKind.SIMULATED,
            assignments="data/demo/assigned_ma.csv",
        ),
        "paper": ProfileSettings(
            port=4002, gateway=GatewayKind.PAPER, restart_at=_RESTART, login_at=_LOGIN
        ),
        "live": ProfileSettings(
            port=4001, gateway=GatewayKind.LIVE, restart_at=_RESTART, login_at=_LOGIN
        ),
    }


class SettingsFile(Section):
    """The whole file."""

    profile: str = "paper"
    accounts: dict[str, str] = Field(default_factory=dict)
    assignments: AssignmentSettings = AssignmentSettings()
    history: HistorySettings = HistorySettings()
    bars: BarSettings = BarSettings()
    signals: SignalSettings = SignalSettings()
    orders: OrderSettings = OrderSettings()
    requests: RequestSettings = RequestSettings()
    paths: PathSettings = PathSettings()
    logs: LogSettings = LogSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    alerts: AlertSettings = AlertSettings()
    profiles: dict[str, ProfileSettings] = Field(default_factory=default_profiles)

    @model_validator(mode="after")
    def _last_bars_are_judged_in_time(self) -> Self:
        orders = self.orders
        if orders.at_close is not AtClose.BEFORE_CLOSE:
            return self
        left = orders.before_close_minutes * 60 - orders.close_margin_seconds
        if left < LEAST_SECONDS:
            raise ValueError(
                f"orders.before_close_minutes = {orders.before_close_minutes:g} leaves {left:g} s "
                f"before orders.close_margin_seconds = {orders.close_margin_seconds:g}, in which "
                f"nothing is sent any more: at least {LEAST_SECONDS} s are needed"
            )
        return self

    @model_validator(mode="after")
    def _runs_begin_when_bars_are_final(self) -> Self:
        delay, final = self.schedule.delay_seconds, self.bars.final_after_seconds
        if delay < final:
            raise ValueError(
                f"schedule.delay_seconds = {delay:g} lies before bars.final_after_seconds = "
                f"{final:g}: each run would find its bar not final yet"
            )
        return self

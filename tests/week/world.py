"""The machine of the week: a gateway with its state, and a sellkit that looks after itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from shutil import copytree

from sellkit.adapters.switch_files import SwitchFiles
from sellkit.config import Overrides, load
from sellkit.core.arming import Arming
from sellkit.core.portfolio import Account, GatewayKind
from sellkit.errors import SellkitError
from sellkit.simgateway.control import Control
from sellkit.wiring.parts import connect
from sellkit.wiring.probed import open_probes, probed_gateway
from tests.architecture.source import ROOT
from tests.probes import probe_record
from tests.week.market import ACCOUNT, PORTFOLIO, Held, assignments, quantity_of, scenario
from tests.week.plan import Plan
from tests.week.processes import PATIENCE, Running, await_that, free_port, kill

SETTINGS = """\
profile = "demo"

[accounts]
main = "{account}"

[bars]
late_seconds = 0.0 # a halted stock would be waited for, in real time

[requests]
connect_timeout_seconds = 5.0
patience_seconds = 20.0

[orders]
max_shares = 1000
max_notional = 100000
max_orders = 20
max_daily_notional = 400000
many_exits = 10 # all of them at once are nothing that a person has to confirm
fill_seconds = 20.0

[alerts]
batch_minutes = 0.0 # by the machine's clock, by which the whole week lasts some minutes
watchdog_minutes = 2.0

[alerts.channels]
{channel} = "info"

[profiles.demo]
port = {port}
clock = "broker"
gateway = "simulated"
account = "main"
assignments = "config/assigned_ma.csv"
"""

STAYING = {12, 13}
"""Client ids of the schedule's clock and of the watch."""

CHANNEL = "book"
SECRET = "a secret of the week"
VARIABLES = {"SELLKIT_ALERT_BOOK": "file:told.jsonl", "SELLKIT_LIVE_SECRET": SECRET}
ARMED = dt.timedelta(hours=36)

SCHEDULE = ("schedule", "--loop", "--live")
WATCH = ("watch", "--json")
WATCHDOG = ("watchdog",)


@dataclass
class World:
    """One machine.

    Attributes
    ----------
    folder
        Like a checkout: settings, assignments, notebooks, data; and what the processes say.
    gateway, others
        The processes that run; None and empty while the machine is off.
    is_up
        Whether all of them have come so far that they do their work.
    now
        Where the gateway's clock stood last.
    starts, said
        How often everything was started; and how often a command was run to its end.
    """

    folder: Path
    plan: Plan
    now: dt.datetime
    port: int = field(default_factory=free_port)
    gateway: Running | None = None
    others: list[Running] = field(default_factory=list)
    is_up: bool = False
    starts: int = 0
    said: int = 0

    @classmethod
    def made(cls, folder: Path, plan: Plan) -> World:
        """A machine on which nothing runs yet."""
        made = cls(folder, plan, plan.begins)
        (folder / "config").mkdir(parents=True)
        copytree(ROOT / "notebooks", folder / "notebooks")
        text = SETTINGS.format(account=ACCOUNT, port=made.port, channel=CHANNEL)
        (folder / "config" / "sellkit.toml").write_text(text, encoding="utf-8")
        (folder / "config" / "assigned_ma.csv").write_text(assignments(), encoding="utf-8")
        made.scenario.write_text(scenario(plan), encoding="utf-8")
        return made

    @property
    def scenario(self) -> Path:
        """The gateway's."""
        return self.folder / "scenario.toml"

    @property
    def data(self) -> Path:
        """The profile's data."""
        return self.folder / "data" / "demo"

    @property
    def told_file(self) -> Path:
        """What the channel was told, a line for each message."""
        return self.data / "told.jsonl"

    def switch_on(self, moment: dt.datetime) -> None:
        """Start the gateway at a moment of its time, at which it then stands still."""
        self.starts += 1
        self.now = max(self.now, moment)
        self.others = [gateway := self._run("gateway", *self._gateway_words())]
        gateway.await_text("simulated gateway ready")
        self.control = Control.of_file(self.folder / "control.json")
        self.gateway, self.others = gateway, []
        self.go_to(self.now)
        if not (self.data / "probe.json").exists():
            self._probe()

    def launch(self) -> None:
        """Start everything else; what is due by now begins at once."""
        self.others = [
            self._run("schedule", *SCHEDULE),
            self._run("watch", *WATCH),
            self._run("watchdog", *WATCHDOG),
        ]
        self.others[0].await_text("next run at")
        self.others[1].await_text('"minute":')  # before that, a lost connection is its end
        self.await_clients()
        self.is_up = True

    def kill(self) -> int:
        """Kill everything; how many processes that were."""
        with suppress(SellkitError, AttributeError):  # it may not even have begun
            self.now = self.told()
        doomed = self.processes()
        self.gateway, self.others, self.is_up = None, [], False
        with suppress(AttributeError):
            self.control.close()
        return kill(doomed)

    def processes(self) -> list[Running]:
        """All that were started, and that this test has not killed since."""
        return [*self.others, *([self.gateway] if self.gateway else [])]

    def ended(self) -> list[str]:
        """What is said of each that ended by itself, which none of them may."""
        return [each.ended() for each in self.processes() if each.process.poll() is not None]

    def told(self) -> dt.datetime:
        """The gateway's time."""
        return dt.datetime.fromisoformat(self.control.clock()["now"])

    def go_to(self, moment: dt.datetime) -> None:
        """Stand still at a moment, or where time is already."""
        self.control.set_speed(0)
        self.now = max(moment, self.told())
        self.control.set_clock(self.now)

    def flow(self, speed: float = 1.0) -> None:
        """Let time go on by itself."""
        self.control.set_speed(speed)

    def stand(self) -> None:
        """Let time stand still where it is."""
        self.go_to(self.now)

    def clients(self) -> set[int]:
        """The ids of the clients that are connected."""
        return {int(each["clientId"]) for each in self.control.sessions()}

    def await_clients(self) -> None:
        """Wait until all that stay connected are back."""
        await_that(lambda: self.clients() >= STAYING, "not every client has come back")

    def received(self) -> int:
        """How many messages the gateway was sent since it was started."""
        return int(self.control.state()["received"])

    def entered(self, since: int) -> set[int]:
        """The ids of the clients that connected anew once it had been sent so many messages."""
        fresh = self.control.record(max(1, self.received() - since))
        return {int(each["fields"][2]) for each in fresh if each["name"] == "startApi"}

    def outlive_reset(self, moment: dt.datetime, seconds: float = PATIENCE) -> None:
        """Reach a moment at which the gateway is cut off, and wait until all are back.

        That they were away is told by their connecting anew, however soon it is.

        Raises
        ------
        NeverCame
            One of them was not cut off, or did not come back.
        """
        before = self.received()
        self.go_to(moment)
        came_back = "not every client was cut off by the reset, and came back"
        await_that(lambda: self.entered(before) >= STAYING, came_back, seconds)
        self.await_clients()

    def held(self) -> dict[str, float]:
        """By symbol what the account holds, as the gateway has it."""
        found = self.control.state()["positions"]
        return {str(each["symbol"]): float(each["position"]) for each in found if each["position"]}

    def ordered(self) -> int:
        """How many orders the gateway was sent."""
        return len(self.control.state()["placed_orders"])

    def executions(self) -> list[dict[str, object]]:
        """Every execution, as the gateway has it."""
        return list(self.control.state()["executions"])

    def arm(self) -> None:
        """What a person does once a day: allow orders for a while."""
        account = Account("main", ACCOUNT)
        SwitchFiles(self.data / "state", SECRET).arm(
            Arming(
                arming_id=f"{self.now:%m%d%H%M}",
                profile="demo",
                account=account.alias,
                fingerprint=account.fingerprint,
                gateway=GatewayKind.SIMULATED,
                armed_at=self.now,
                until=self.now + ARMED,
                max_notional=Decimal(1_000_000),
            )
        )

    def buy_again(self, some: Sequence[Held] = PORTFOLIO) -> None:
        """Hold again what was sold, as if a person had bought it."""
        for each in some:
            if each.symbol not in self.held():
                quantity = quantity_of(each, self.plan, self.now)
                cost = round(each.cost * each.quantity / quantity, 2)
                self.control.hold(each.symbol, quantity, cost)

    def _probe(self) -> None:
        """As `sellkit probe` leaves it when the gateway has passed."""
        settings = load(
            Overrides(
                config=str(self.folder / "config" / "sellkit.toml"),
                data_dir=str(self.folder / "data"),
            )
        )
        with closing(connect(settings)) as broker:
            found = probed_gateway(settings, broker, Account("main", ACCOUNT))
        open_probes(settings).write(probe_record(at=self.now, gateway=found))

    def say(self, *words: str) -> Running:
        """Run a command to its end."""
        self.said += 1
        running = self._begin(words[0], words, self.said)
        running.process.wait(120)
        return running

    def _gateway_words(self) -> Sequence[str]:
        return (
            "gateway",
            *("--scenario", str(self.scenario), "--port", str(self.port)),
            *("--at", self.now.isoformat(), "--speed", "0"),
            *("--state", str(self.folder / "state")),
            *("--control-port", "0", "--control-file", str(self.folder / "control.json")),
        )

    def _run(self, name: str, *words: str) -> Running:
        return self._begin(name, words, self.starts)

    def _begin(self, name: str, words: Sequence[str], number: int) -> Running:
        return Running.begin(name, words, self.folder, number, VARIABLES)

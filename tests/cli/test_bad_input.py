"""Bad input, through the command line: one clear line, the right code, nothing lost or changed.

Every case begins in its own copy of a folder in which bars have been stored. The processes run two
at a time before the first test looks at its answer.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.scenario import Scenario
from tests.cli.command import Answer, Workspace, gateway, newest_segment
from tests.simgateway.wire import WireClient

# A module's first test waits for the commands that all of them share.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OTHER_ACCOUNT = "DU0000002"
TAKEN = 7
UNDECIDED = 4
PROGRESS = "downloading bars"


def nothing(_: Workspace) -> None:
    """The folder as it is."""


@dataclass(frozen=True)
class Case:
    """A command that must be refused.

    Attributes
    ----------
    words
        What is typed.
    code
        The exit code.
    says
        What the one line has to name.
    prepare
        What is wrong with the folder.
    line
        How the one line begins.
    variables
        Environment variables.
    """

    words: tuple[str, ...]
    code: int
    says: tuple[str, ...]
    prepare: Callable[[Workspace], None] = nothing
    line: str = "sellkit"
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gateways:
    """The gateway that the folders belong to, one that never answers, and another account's."""

    usual: Gateway
    silent: Gateway
    foreign: Gateway


# --- what is wrong with the folder ----------------------------------------------------------------


def settings(text: str) -> Callable[[Workspace], None]:
    def prepare(place: Workspace) -> None:
        place.settings.write_text(text, encoding="utf-8")

    return prepare


def entry(minute: str, notebook: str = "50_audit.ipynb") -> Callable[[Workspace], None]:
    """A further notebook in the schedule."""

    def prepare(place: Workspace) -> None:
        told = f"""
[schedule.entries.report]
notebook = "{notebook}"
cron = "{minute} 16 * * mon-fri"
zone = "America/New_York"
"""
        text = place.settings.read_text(encoding="utf-8")
        place.settings.write_text(text + told, encoding="utf-8")

    return prepare


def assigned(content: bytes) -> Callable[[Workspace], None]:
    def prepare(place: Workspace) -> None:
        place.assigned.write_bytes(content)

    return prepare


def folder_for_assignments(place: Workspace) -> None:
    place.assigned.unlink()
    place.assigned.mkdir()


def truncated_bars(place: Workspace) -> None:
    path = newest_segment(place.data)
    path.write_bytes(path.read_bytes()[:-100])


def file_in_the_way(place: Workspace) -> None:
    (place.folder / "file").write_text("in the way", encoding="utf-8")


def assignments_below_a_file(place: Workspace) -> None:
    file_in_the_way(place)
    text = place.settings.read_text(encoding="utf-8")
    text = text.replace("config/assigned_ma.csv", "file/assigned_ma.csv")
    place.settings.write_text(text, encoding="utf-8")


def bare_secret(place: Workspace) -> None:
    folder = place.folder / "secrets"
    folder.mkdir(mode=0o700)
    (folder / "live_secret").write_text("of the tests", encoding="utf-8")
    (folder / "live_secret").chmod(0o644)


def foreign_stamp(place: Workspace) -> None:
    stamp = place.data / "origin.json"
    told = json.loads(stamp.read_text(encoding="utf-8"))
    stamp.write_text(json.dumps({**told, "gateway": "paper"}), encoding="utf-8")


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


# --- the cases ------------------------------------------------------------------------------------

LINE = ("NASDAQ:AAPL", "SMA", "50", "1H")

CASES = {
    "wrong port": Case(("status", "--port", "{unused}"), 3, ("127.0.0.1:{unused}", "--port")),
    "impossible port": Case(("status", "--port", "99999"), 2, ("--port 99999", "65535")),
    "wrong host": Case(("status", "--host", "nowhere.invalid"), 3, ("nowhere.invalid",)),
    "silent gateway": Case(("status", "--port", "{silent}"), 3, ("{silent}", "3")),
    "client id in use": Case(("status", "--client-id", str(TAKEN)), 3, (f"client id {TAKEN}",)),
    "unknown account": Case(("status", "--account", "savings"), 2, ("'savings'", "demo")),
    "unknown account number": Case(
        ("status", "--account", "DU0000009"), 2, ("DU...09", "DU...01", "demo")
    ),
    "another account": Case(
        ("status", "--port", "{foreign}", "--account", OTHER_ACCOUNT), 2, ("demo", "--data-dir")
    ),
    "another kind of gateway": Case(
        ("status",), 2, ("paper gateway", "simulated gateway", "--data-dir"), foreign_stamp
    ),
    "unknown profile": Case(("status", "--profile", "real"), 2, ("'real'", "demo, live, paper")),
    "unknown ticker": Case(("assign", "NASDAQ:NOSUCH", "SMA", "50", "1H"), 2, ("NASDAQ:NOSUCH",)),
    "too few words": Case(("assign", *LINE[:3]), 2, ("3 words", "NASDAQ:AAPL SMA 50 1H")),
    "junk for assignments": Case(
        ("status",), 2, ("assigned_ma.csv", "UTF-8"), assigned(b"\x89PNG\r\n\x1a\n\x00\xff\xfe")
    ),
    "junk when assigning": Case(
        ("assign", *LINE), 2, ("assigned_ma.csv", "nothing was changed"), assigned(b"\xff\xfeA\x00")
    ),
    "a folder for assignments": Case(
        ("run",), 2, ("assigned_ma.csv", "directory"), folder_for_assignments
    ),
    "half-written assignments": Case(
        ("status",),
        4,
        ("assigned_ma.csv line 3", "NASDAQ:MSFT is incomplete"),
        assigned(b"ticker,type,length,timeframe\nNASDAQ:AAPL,EMA,20,1H\nNASDAQ:MSFT,SMA,5"),
        line="error: assignment_unusable",
    ),
    "assignments without a column": Case(
        ("status",), 2, ("'length'", "ticker,type,length,timeframe"), assigned(b"ticker,type\n")
    ),
    "assignments that cannot be written": Case(
        ("assign", *LINE, "--unchecked"), 2, ("cannot be",), assignments_below_a_file
    ),
    "unknown key": Case(
        ("status",), 2, ("orders.max_share", "sellkit.toml"), settings("[orders]\nmax_share = 1")
    ),
    "wrong type": Case(
        ("run",), 2, ("history.hours", "'many'"), settings("[history]\nhours = 'many'")
    ),
    "a level that is none": Case(
        ("run",),
        2,
        ("alerts.channels.phone", "'loud'"),
        settings('[alerts.channels]\nphone = "loud"'),
    ),
    "a channel that is none": Case(
        ("alerts", "test", "phone"),
        2,
        ("'phone'", "have mail"),
        settings('[alerts.channels]\nmail = "info"'),
    ),
    "a channel without an address": Case(
        ("alerts", "test"),
        2,
        ("SELLKIT_ALERT_MAIL",),
        settings('[alerts.channels]\nmail = "info"'),
    ),
    "alerts without a channel": Case(("alerts", "deliver"), 2, ("[alerts.channels]",)),
    "a watchdog that is told to look once and to be installed": Case(
        ("watchdog", "install", "--once"), 2, ("--once", "install")
    ),
    "a watchdog that is asked to show no unit": Case(("watchdog", "--print"), 2, ("install",)),
    "a watchdog below a file": Case(
        ("watchdog", "--once", "--data-dir", "file"), 2, ("cannot be written",), file_in_the_way
    ),
    "broken settings": Case(("run",), 2, ("sellkit.toml", "line 1"), settings("[orders\n")),
    "no settings": Case(("status", "--config", "absent.toml"), 2, ("absent.toml", "--config")),
    "a setting's variable of a wrong type": Case(
        ("config", "show"),
        2,
        ("SELLKIT_ORDERS__MAX_SHARES=many",),
        variables={"SELLKIT_ORDERS__MAX_SHARES": "many"},
    ),
    "a variable of no setting": Case(
        ("health",),
        2,
        ("SELLKIT_ORDERS__MAX_SHARE ", "config show"),
        variables={"SELLKIT_ORDERS__MAX_SHARE": "5"},
    ),
    "a doctor without settings": Case(("doctor",), 2, ("sellkit.toml",), settings("[orders\n")),
    "a secret that others can read": Case(
        ("modes", "--account", "demo"),
        2,
        ("live_secret", "chmod 600"),
        bare_secret,
        variables={"SELLKIT_SECRETS_DIR": "secrets"},
    ),
    "variable of a wrong type": Case(
        ("status",), 2, ("SELLKIT_PORT=many",), variables={"SELLKIT_PORT": "many"}
    ),
    "truncated bars": Case(("status",), 2, ("segments/", "data repair"), truncated_bars),
    "data below a file": Case(
        ("status", "--data-dir", "file"), 2, ("cannot be written",), file_in_the_way
    ),
    "logs below a file": Case(
        ("status", "--log-dir", "file/logs"), 2, ("--log-dir",), file_in_the_way
    ),
    "a run below a file": Case(
        ("run", "--data-dir", "file"), 2, ("cannot be written",), file_in_the_way
    ),
    "a demo below a file": Case(
        ("demo", "--data-dir", "file"), 2, ("demo cannot write",), file_in_the_way
    ),
    "a demo over real data": Case(("demo",), 2, ("real gateway", "--data-dir"), foreign_stamp),
    "before all data": Case(("status", "--as-of", "2001-03-07T15:00Z"), 2, ("2001-03-07",)),
    "before the calendar": Case(("status", "--as-of", "1990-03-07T15:00Z"), 2, ("1990-03-07",)),
    "in the future": Case(("status", "--as-of", "2026-06-11T15:00Z"), 2, ("2026-06-11", "after")),
    "a time without a zone": Case(("run", "--as-of", "2026-06-10T15:00"), 2, ("no zone",)),
    "no opening": Case(("run", "--open"), 2, ("no session of NASDAQ", "opens at 2026-06-11 13:30")),
    "a past opening": Case(("run", "--open", "--as-of", "2026-06-10T15:00Z"), 2, ("--open",)),
    "a past hour": Case(("run", "--prepare", "--as-of", "2026-06-10T15:00Z"), 2, ("--prepare",)),
    "no time at all": Case(("run", "--as-of", "yesterday"), 2, ("'yesterday'",)),
    "unknown parameter": Case(("run", "--parameter", "foo=1"), 2, ("foo", "as_of")),
    "parameter that a flag sets": Case(
        ("run", "--parameter", "profile=live"), 2, ("profile", "flags")
    ),
    "live of another moment": Case(
        ("run", "--live", "--as-of", "2025-11-28T13:00-05:00"), 2, ("--live", "--as-of")
    ),
    "no form of a schedule": Case(("schedule",), 2, ("--once", "--loop", "next", "history")),
    "two forms of a schedule": Case(("schedule", "next", "--loop"), 2, ("--once", "next")),
    "a count below one": Case(("schedule", "history", "-n", "0"), 2, ("-n 0",)),
    "an unknown entry": Case(("schedule", "fire", "report"), 2, ("'report'", "none")),
    "a cron expression that is none": Case(
        ("schedule", "--once"), 2, ("'report'", "'61 16 * * mon-fri'", "day of week"), entry("61")
    ),
    "an entry without its notebook": Case(
        ("schedule", "--once"), 2, ("'report'", "absent.ipynb"), entry("30", "absent.ipynb")
    ),
    "a run id that is none": Case(("run", "--run-id", "../../x"), 2, ("'../../x'", "eight hex")),
    "a replay of no day": Case(("replay", "--from", "soon"), 2, ("--from 'soon'", "2026-01-31")),
    "a recorded run that never was": Case(("replay", "--run", "ff"), 2, ("'ff'", "runs list")),
    "a port in use": Case(("gateway", "--port", "{usual}"), 2, ("{usual}", "another port")),
}


@dataclass(frozen=True)
class Outcome:
    """What a case came to."""

    answer: Answer
    before: dict[str, bytes]
    after: dict[str, bytes]
    says: tuple[str, ...]


@pytest.fixture(scope="module")
def gateways() -> Iterator[Gateways]:
    with ExitStack() as stack:
        usual, silent = (stack.enter_context(gateway()) for _ in range(2))
        foreign = stack.enter_context(gateway(Scenario(accounts=(OTHER_ACCOUNT,))))
        silent.silent = True
        stack.enter_context(WireClient(usual)).start(TAKEN)
        yield Gateways(usual, silent, foreign)


@pytest.fixture(scope="module")
def outcomes(
    gateways: Gateways, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Future[Outcome]]:
    root = tmp_path_factory.mktemp("bad_input")
    base = Workspace.make(root / "base", gateways.usual.port)
    assert base.sellkit("status").code == 4
    ports = {
        "unused": unused_port(),
        "usual": gateways.usual.port,
        "silent": gateways.silent.port,
        "foreign": gateways.foreign.port,
    }
    with ThreadPoolExecutor(2) as pool:
        return {
            name: pool.submit(run, case, base, root / str(number), number, ports)
            for number, (name, case) in enumerate(CASES.items())
        }


def run(case: Case, base: Workspace, folder: Path, number: int, ports: dict[str, int]) -> Outcome:
    place = base.copy(folder)
    case.prepare(place)
    before = place.files()
    words = [word.format(**ports) for word in case.words]
    if "--client-id" not in words:  # two at a time may not have the same one
        words += ["--client-id", str(100 + number)]
    answer = place.sellkit(*words, variables=case.variables)
    says = tuple(word.format(**ports) for word in case.says)
    return Outcome(answer, before, place.files(), says)


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_said_in_one_clear_line(
    name: str, outcomes: dict[str, Future[Outcome]]
) -> None:
    case, outcome = CASES[name], outcomes[name].result()
    answer = outcome.answer
    assert answer.code == case.code, answer.err
    lines = [each for each in answer.err.splitlines() if not each.startswith(PROGRESS)]
    assert len(lines) == 1, answer.err
    assert lines[0].startswith(case.line)
    assert [word for word in outcome.says if word not in lines[0]] == [], lines[0]


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_answered_with_nothing_else(
    name: str, outcomes: dict[str, Future[Outcome]]
) -> None:
    is_refused = CASES[name].code != UNDECIDED
    assert (outcomes[name].result().answer.out == "") == is_refused


@pytest.mark.parametrize("name", CASES)
def test_bad_input_loses_and_changes_nothing(
    name: str, outcomes: dict[str, Future[Outcome]]
) -> None:
    outcome = outcomes[name].result()
    assert outcome.after == outcome.before


@pytest.mark.parametrize("name", CASES)
def test_bad_input_shows_no_account_number(name: str, outcomes: dict[str, Future[Outcome]]) -> None:
    answer = outcomes[name].result().answer
    assert not re.search(r"DU\d", answer.out + answer.err)

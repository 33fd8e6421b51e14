"""Arming and stopping from the command line: what a person types, and what follows."""

from __future__ import annotations

import datetime as dt
import json
import os
import pty
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sellkit.adapters.probe_file import ProbeFile
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.portfolio import Account
from tests.cli.command import Answer, sellkit_answer, start
from tests.operate.workplace import header
from tests.probes import probe_record, probed
from tests.ticketing import claimed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SECRET = "a secret of the tests"
NUMBER = "DU1234567"
SETTINGS = f"""\
profile = "paper"
[accounts]
main = "{NUMBER}"
real = "U7654321"
[orders]
max_shares = 100
max_notional = 20000
max_orders = 5
max_daily_notional = 50000
[profiles.paper]
port = 9
gateway = "paper"
account = "main"
"""
SWITCHED = ("arm", "disarm", "halt", "resume")
ARM = ("arm", "--until", "6h", "--max-notional", "50000")


@dataclass
class Desk:
    """A folder with settings, and a place for the switches."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "config").mkdir(parents=True)
        self.settings.write_text(SETTINGS, encoding="utf-8")
        self.variables |= {"SELLKIT_STATE_DIR": str(self.state), "SELLKIT_LIVE_SECRET": SECRET}

    @property
    def settings(self) -> Path:
        return self.folder / "config" / "sellkit.toml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def sellkit(self, *words: str) -> Answer:
        """A command that nobody watches."""
        return sellkit_answer(*words, cwd=self.folder, variables=self.variables)

    def switched(self) -> list[tuple[object, object]]:
        path = self.folder / "data" / "paper" / "journal.sqlite"
        if not path.exists():
            return []
        with closing(SqliteJournal(path)) as journal:
            told = [each for kind in SWITCHED for each in journal.events(kind)]
        told.sort(key=lambda each: str(each["at"]))
        return [(each["kind"], each["details"]) for each in told]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


def at_terminal(desk: Desk, *words: str, typed: list[str]) -> tuple[int, str]:
    """A command at a terminal; `PHRASE` types the phrase that was shown."""
    ours, theirs = pty.openpty()
    process = start(*words, cwd=desk.folder, variables=desk.variables, terminal=theirs)
    os.close(theirs)
    left, shown = list(typed), ""
    for piece in _pieces(ours):
        shown += piece
        if shown.endswith(": ") and left:
            phrase = re.findall(r"To arm, type: (.*?)\r?\n", shown)
            word = left.pop(0)
            os.write(ours, f"{phrase[-1] if word == 'PHRASE' else word}\n".encode())
    os.close(ours)
    return process.wait(), shown


def _pieces(handle: int) -> Iterator[str]:
    while True:
        try:
            read = os.read(handle, 4096)
        except OSError:  # the other end is closed
            return
        if not read:
            return
        yield read.decode()


def test_a_person_who_types_account_and_phrase_arms(desk: Desk) -> None:
    code, shown = at_terminal(desk, *ARM, typed=[NUMBER, "PHRASE"])
    assert code == 0, shown
    assert "main is armed until" in shown
    (record,) = desk.state.glob("arming-*.json")
    told = json.loads(record.read_text())["arming"]
    assert (told["account"], told["profile"], told["max_notional"]) == ("main", "paper", "50000")
    ((what, details),) = desk.switched()
    assert what == "arm"
    assert isinstance(details, dict)
    assert details["arming_id"] == told["arming_id"]
    journal = (desk.folder / "data" / "paper" / "journal.sqlite").read_bytes()
    assert NUMBER.encode() not in journal


def test_what_an_arming_does_not_cover_is_named_before_anything_is_typed(desk: Desk) -> None:
    unset = SETTINGS.replace("max_orders = 5\n", "")
    desk.settings.write_text(unset, encoding="utf-8")
    desk.sellkit("halt", "--reason", "a try")
    code, shown = at_terminal(desk, *ARM, typed=["no"])
    assert code == 2
    before = shown.partition("the number of the account")[0]
    for part in (
        "any account but main, and any profile but paper",
        "beyond 50,000 altogether",
        "short positions, options, futures",
        "sellkit did not place",
        "has not passed the probe",
        "before orders.max_orders is set",
        "while it is halted by a person",
    ):
        assert part in before


@pytest.mark.parametrize(
    ("typed", "what"),
    [(["main"], "the number of the account main"), ([NUMBER, "yes"], "the phrase")],
)
def test_another_word_than_asked_for_arms_nothing(desk: Desk, typed: list[str], what: str) -> None:
    code, shown = at_terminal(desk, *ARM, typed=typed)
    assert code == 2
    assert f"what was typed is not {what}; nothing was changed" in shown
    assert not desk.state.exists()
    assert desk.switched() == []


def test_nobody_arms_without_a_terminal(desk: Desk) -> None:
    answer = desk.sellkit(*ARM)
    assert answer.code == 2
    assert "this is no terminal" in answer.err
    assert not desk.state.exists()


def test_what_cannot_be_armed_is_refused_before_anything_is_asked(desk: Desk) -> None:
    code, shown = at_terminal(desk, *ARM, "--account", NUMBER, typed=[])
    assert code == 2
    assert "is not an alias of the settings" in " ".join(shown.split())
    assert NUMBER not in shown
    code, shown = at_terminal(desk, "arm", "--until", "6h", typed=[])
    assert (code, "say how far" in shown) == (2, True)
    assert not desk.state.exists()


def test_disarm_ends_every_arming_and_says_whose(desk: Desk) -> None:
    at_terminal(desk, *ARM, typed=[NUMBER, "PHRASE"])
    answer = desk.sellkit("disarm")
    assert (answer.code, answer.out) == (0, "disarmed: main\n")
    assert desk.switched()[-1] == ("disarm", {"account": "main"})
    assert desk.sellkit("disarm").out == "nothing was armed\n"


def test_disarm_holds_although_the_journal_cannot_be_written_and_says_so(desk: Desk) -> None:
    at_terminal(desk, *ARM, typed=[NUMBER, "PHRASE"])
    journal = desk.folder / "data" / "paper" / "journal.sqlite"
    journal.write_bytes(b"no journal any more" * 100)
    answer = desk.sellkit("disarm")
    assert (answer.code, answer.out) == (1, "disarmed: main\n"), answer.err
    assert "it is disarmed, and not journalled, because the journal" in answer.err
    assert not list(desk.state.glob("arming-*.json"))


def test_another_profile_sends_for_the_account_once_a_person_moves_it(desk: Desk) -> None:
    text = SETTINGS + '[profiles.second]\nport = 9\ngateway = "paper"\naccount = "main"\n'
    desk.settings.write_text(text, encoding="utf-8")
    at_terminal(desk, *ARM, typed=[NUMBER, "PHRASE"])
    other = ("--profile", "second")
    code, shown = at_terminal(desk, *ARM, *other, typed=[])
    said = " ".join(shown.split())
    assert code == 2
    assert "the orders of main are sent by the profile paper, whose journal" in said
    assert "`sellkit arm --move` in this profile moves it here" in said
    assert "sent by the profile paper" in desk.sellkit("modes", *other).out
    code, shown = at_terminal(desk, *ARM, "--move", *other, typed=[NUMBER, "PHRASE"])
    assert code == 0, shown
    assert "This profile sends for the account from now on, and the profile paper does not" in shown
    assert lines(desk)["live"] == "refused, for: arming, sender, probe"
    assert "the profile second" in lines(desk)["sender"]


def test_an_account_does_not_move_while_its_tickets_count_elsewhere(desk: Desk) -> None:
    text = SETTINGS + '[profiles.second]\nport = 9\ngateway = "paper"\naccount = "main"\n'
    desk.settings.write_text(text, encoding="utf-8")
    at_terminal(desk, *ARM, typed=[NUMBER, "PHRASE"])
    with closing(SqliteJournal(desk.folder / "data" / "paper" / "journal.sqlite")) as journal:
        journal.begin(header("r1"))
        claimed(journal.book)
    code, shown = at_terminal(desk, *ARM, "--move", "--profile", "second", typed=[])
    assert code == 2
    assert "it moves when all of its tickets are settled and a day old" in " ".join(shown.split())
    assert len(list(desk.state.glob("sender-*.json"))) == 1


def test_a_halt_needs_no_terminal_and_its_end_does(desk: Desk) -> None:
    answer = desk.sellkit("halt", "--reason", "the market looks odd")
    assert answer.code == 0
    assert "halted by a person" in answer.out
    assert "cancel them in TWS" in answer.out
    assert desk.switched() == [("halt", {"profile": "paper", "reason": "the market looks odd"})]
    refused = desk.sellkit("resume", "--reason", "it is over")
    assert refused.code == 2
    assert "this is no terminal" in refused.err
    assert (desk.state / "halt.json").exists()
    code, shown = at_terminal(desk, "resume", "--reason", "it is over", typed=["resume"])
    assert (code, "the market looks odd" in shown) == (0, True)
    assert not (desk.state / "halt.json").exists()
    assert desk.switched()[-1] == ("resume", {"profile": "paper", "reason": "it is over"})


def test_a_halt_does_not_end_without_the_word_or_a_reason(desk: Desk) -> None:
    desk.sellkit("halt")
    code, _ = at_terminal(desk, "resume", "--reason", "x", typed=["yes"])
    assert code == 2
    answer = desk.sellkit("resume")
    assert answer.code == 2
    assert "say with --reason TEXT" in answer.err
    assert (desk.state / "halt.json").exists()


def test_a_second_halt_keeps_the_first_and_is_journalled(desk: Desk) -> None:
    desk.sellkit("halt", "--reason", "first")
    assert ": first" in desk.sellkit("halt", "--reason", "second").out
    assert len(desk.switched()) == 2


def test_a_halt_holds_although_the_settings_are_broken(desk: Desk) -> None:
    desk.settings.write_text("profile = [", encoding="utf-8")
    answer = desk.sellkit("halt", "--reason", "quick")
    assert answer.code == 2
    assert "halted by a person" in answer.out
    assert "it is halted, and not journalled, because the settings file" in answer.err
    assert (desk.state / "halt.json").exists()


def test_a_halt_holds_although_the_journal_cannot_be_written(desk: Desk) -> None:
    (desk.folder / "data").write_text("no folder", encoding="utf-8")
    answer = desk.sellkit("halt", "--reason", "quick")
    assert answer.code == 1
    assert "halted by a person" in answer.out
    assert "the journal" in answer.err
    assert (desk.state / "halt.json").exists()


def test_to_resume_what_is_not_halted_does_nothing(desk: Desk) -> None:
    answer = desk.sellkit("resume")
    assert (answer.code, answer.out) == (0, "nothing is halted\n")


def lines(desk: Desk) -> dict[str, str]:
    answer = desk.sellkit("modes")
    assert answer.code == 0, answer.err
    found = [re.split(r"\s{2,}", line, maxsplit=1) for line in answer.out.splitlines()]
    return {name: text for name, text in found}


def passed(desk: Desk) -> None:
    """The gateway of the settings was probed just now."""
    gateway = probed(Account("main", NUMBER), address="127.0.0.1:9")
    record = probe_record(at=dt.datetime.now(dt.UTC), gateway=gateway)
    ProbeFile(desk.folder / "data" / "paper" / "probe.json").write(record)


def test_modes_shows_every_switch_and_changes_nothing(desk: Desk) -> None:
    shown = lines(desk)
    assert list(shown) == [
        *("profile", "account", "arming", "sender", "lease", "tickets", "probe", "secret"),
        *("halt", "limits", "state", "file", "dry run", "live"),
    ]
    assert shown["live"] == "refused, for: arming, probe"
    assert not desk.state.exists()
    assert not (desk.folder / "data").exists()


def test_modes_names_the_folder_of_the_switches_and_the_file_of_each(desk: Desk) -> None:
    at_terminal(desk, *ARM, typed=[NUMBER, "PHRASE"])
    out = desk.sellkit("modes").out
    assert f"{desk.state}, of all of your processes on this machine (SELLKIT_STATE_DIR" in out
    named = re.findall(r"^file +(\w+): (\S+?)(, which is not there)?$", out, re.MULTILINE)
    assert [(name, bool(missing)) for name, _, missing in named] == [
        *(("arming", False), ("sender", False), ("lease", True), ("probe", True)),
        *(("halt", True), ("limits", False)),
    ]
    assert {Path(path) for _, path, missing in named if not missing} == {
        *desk.state.glob("arming-*.json"),
        *desk.state.glob("sender-*.json"),
        desk.settings,
    }
    desk.sellkit("halt")
    halt = next(Path(path) for name, path, _ in named if name == "halt")
    assert halt == desk.state / "halt.json"
    assert halt.exists()


def test_modes_says_when_live_would_be_allowed_and_what_a_halt_changes(desk: Desk) -> None:
    at_terminal(desk, *ARM, typed=[NUMBER, "PHRASE"])
    passed(desk)
    shown = lines(desk)
    assert shown["arming"].endswith("for 50,000 altogether")
    assert shown["live"].startswith("allowed as far as this machine can tell")
    assert shown["tickets"] == "all settled"
    desk.sellkit("halt")
    assert lines(desk)["live"] == "refused, for: halt"


def test_modes_names_tickets_that_are_not_settled(desk: Desk) -> None:
    with closing(SqliteJournal(desk.folder / "data" / "paper" / "journal.sqlite")) as journal:
        journal.begin(header("r1"))
        claimed(journal.book)
    assert lines(desk)["tickets"].startswith("not settled: NASDAQ:AAPL SUBMITTING; no order on")


def test_modes_names_each_thing_that_is_missing(desk: Desk) -> None:
    del desk.variables["SELLKIT_LIVE_SECRET"]
    desk.settings.write_text('profile = "paper"\n', encoding="utf-8")
    shown = lines(desk)
    assert shown["live"] == "refused, for: account, secret, limits"
    assert "orders.max_shares, orders.max_notional" in shown["limits"]
    assert SECRET not in str(shown)

"""`sellkit probe`, from what is typed to what is kept, on a simulated gateway over the socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sellkit.adapters.probe_file import ProbeFile
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.probing import Question
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.gateway import Gateway
from tests.cli.command import ACCOUNT, MOMENT, Answer, Workspace, gateway, portfolio

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MINE = ("--account", "demo")


@pytest.fixture(scope="module")
def serving() -> Iterator[Gateway]:
    with gateway() as running:
        yield running


@pytest.fixture
def place(serving: Gateway, tmp_path: Path) -> Workspace:
    return Workspace.make(tmp_path / "desk", serving.port)


def findings(answer: Answer) -> dict[str, dict[str, object]]:
    return {each["question"]: each for each in json.loads(answer.out)["findings"]}


def sent(running: Gateway) -> list[tuple[str, ...]]:
    return [each.fields for each in running.requests if each.name == "placeOrder"]


def switched(place: Workspace) -> list[object]:
    with closing(SqliteJournal(place.data / "journal.sqlite")) as journal:
        return [kind for kind in ("probe", "probe order") for _ in journal.events(kind)]


def test_it_answers_each_question_in_a_line_and_keeps_the_answers(
    serving: Gateway, place: Workspace
) -> None:
    answer = place.sellkit("probe", *MINE)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert sum(line[:4] in {"good", "note", "BAD "} for line in lines) == len(Question)
    assert lines[-1] == "passed: live mode may rest on this gateway for 30 days"
    assert ACCOUNT not in answer.out + answer.err
    record = ProbeFile(place.data / "probe.json").read()
    assert record is not None
    assert record.is_passed
    assert switched(place) == ["probe"]
    assert sent(serving) == []


def test_as_json_it_gives_the_figures(place: Workspace) -> None:
    answer = place.sellkit("probe", "--json", *MINE)
    told = json.loads(answer.out)
    assert (answer.code, told["is_passed"], told["gateway"]) == (0, True, "simulated")
    found = findings(answer)
    assert found["hours"]["outcome"] == "good"
    assert found["31 D"]["figures"]["sessions"] == 31  # type: ignore[index]
    assert found["order reference"]["outcome"] == "noted"


def test_a_gateway_that_is_not_the_profiles_fails_and_modes_say_so(place: Workspace) -> None:
    text = place.settings.read_text() + 'gateway = "live"\n'
    place.settings.write_text(text)
    variables = {"SELLKIT_STATE_DIR": str(place.folder / "state")}
    answer = place.sellkit("probe", *MINE, variables=variables)
    assert answer.code == 1
    assert answer.out.splitlines()[-1] == "not passed, for: gateway"
    modes = place.sellkit("modes", *MINE, variables=variables).out
    (line,) = [each for each in modes.splitlines() if each.startswith("probe ")]
    assert "not passed" in line
    assert "(gateway)" in line


def test_modes_show_that_it_was_passed_and_by_whom_it_is_not(place: Workspace) -> None:
    assert "never probed" in place.sellkit("modes", *MINE).out
    place.sellkit("probe", *MINE)
    assert "passed 2026-06-10 15:00 UTC" in place.sellkit("modes", *MINE).out
    assert "not of the simulated one at" in place.sellkit("modes", *MINE, "--port", "9").out


def test_with_order_it_places_one_order_and_takes_it_away_again(tmp_path: Path) -> None:
    with gateway(clock=VirtualClock(MOMENT, 1)) as running:
        place = Workspace.make(tmp_path / "desk", running.port)
        answer = place.sellkit("probe", "--order", "--json", *MINE)
        assert answer.code == 0, answer.err
        found = findings(answer)["order reference"]
        assert found["outcome"] == "good"
        (fields,) = sent(running)
        assert fields[16:19] == ("BUY", "1", "LMT")
        assert fields[26].startswith("SKP-")
        assert switched(place) == ["probe", "probe order"]
        place.forget_requests()
        later = findings(place.sellkit("probe", "--json", *MINE))
        assert later["order reference"] == found
        assert later["orders"]["figures"] == findings(answer)["orders"]["figures"] | {
            "completed": 1
        }  # type: ignore[operator]
        assert len(sent(running)) == 1


def test_while_everything_is_halted_no_order_is_placed(serving: Gateway, place: Workspace) -> None:
    place.sellkit("halt", "--reason", "looks odd")
    answer = place.sellkit("probe", "--order", *MINE)
    assert answer.code == 2
    assert "looks odd" in answer.err
    assert place.sellkit("probe", *MINE).code == 0
    assert sent(serving) == []


def test_while_another_process_sends_orders_the_client_id_is_in_use_and_none_is_placed(
    place: Workspace, serving: Gateway
) -> None:
    from sellkit.adapters.account_lease import FileLease
    from sellkit.adapters.clock import SystemClock
    from sellkit.core.portfolio import Account

    owner = Account("demo", ACCOUNT)
    lease = FileLease(place.data / "state", owner, SystemClock().now)
    assert lease.take()
    try:
        answer = place.sellkit("probe", "--order", *MINE)
    finally:
        lease.release()
    assert answer.code == 2
    assert "the lease on demo" in answer.err
    assert sent(serving) == []


def test_a_read_only_gateway_does_not_pass(tmp_path: Path) -> None:
    with gateway(replace(portfolio(), read_only=True)) as running:
        place = Workspace.make(tmp_path / "desk", running.port)
        answer = place.sellkit("probe", *MINE)
        assert answer.code in {1, 3}
        assert "ead-Only" in answer.out + answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--instrument", "AAPL"], "names no exchange"),
        (["--instrument", "MOON:AAPL"], "no session calendar is known for MOON:AAPL"),
        (["--no-rth"], "leave --no-rth out"),
        (["--account", "nobody"], "'nobody' is not managed"),
    ],
)
def test_bad_input_is_refused_with_one_line(place: Workspace, words: list[str], said: str) -> None:
    answer = place.sellkit("probe", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert said in answer.err


def test_without_a_gateway_it_ends_with_3_and_keeps_nothing(tmp_path: Path) -> None:
    place = Workspace.make(tmp_path / "alone", 1)
    answer = place.sellkit("probe")
    assert answer.code == 3
    assert not (place.data / "probe.json").exists()

"""The command line: which words it takes, and how it answers wrong ones."""

from __future__ import annotations

import pytest

from sellkit import __version__
from sellkit.cli import COMMANDS, build_parser, main

COMMON = {
    "--config": "mine.toml",
    "--profile": "demo",
    "--host": "127.0.0.1",
    "--port": "4012",
    "--client-id": "7",
    "--account": "main",
    "--data-dir": "d",
    "--log-dir": "l",
    "--concurrency": "3",
}
PARSED = {
    "config": "mine.toml",
    "profile": "demo",
    "host": "127.0.0.1",
    "port": 4012,
    "client_id": 7,
    "account": "main",
    "data_dir": "d",
    "log_dir": "l",
    "concurrency": 3,
    "no_rth": True,
}
LEAST = {
    "alerts": ["list"],
    "data": ["rebuild"],
    "schedule": ["--once"],
    "explain": ["201"],
    "audit": ["verify"],
    "confirm": ["1a2b3c4d"],
    "config": ["show"],
}


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line by which the command line refuses; it ends with code 2."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.endswith("\n")
    return told.err


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_commands_are_those_that_the_help_lists(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "--help")
    listed = [line.split()[0] for line in text.splitlines() if line.startswith("    ")]
    assert set(COMMANDS) <= set(listed)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "--version") == f"sellkit {__version__}\n"


@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"gateway", "explain"}))
def test_every_common_flag_stands_in_the_help_of_a_command_that_uses_them(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    words = shown(capsys, command, "--help").split()
    assert {*COMMON, "--no-rth"} <= set(words)


def test_the_gateways_help_shows_the_two_common_flags_that_mean_something_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = set(shown(capsys, "gateway", "--help").split())
    assert {*COMMON, "--no-rth"} & told == {"--host", "--port"}


def test_steering_without_an_action_asks_for_one_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert "required: ACTION;" in refusal(capsys, "gateway", "ctl")


def test_the_gateways_help_names_its_other_forms(capsys: pytest.CaptureFixture[str]) -> None:
    usage = shown(capsys, "gateway", "--help").partition("\n\n")[0]
    assert "sellkit gateway ctl ACTION" in usage
    assert "sellkit gateway reference" in usage
    assert shown(capsys, "gateway", "ctl", "--help").startswith("usage: sellkit gateway ctl [-h]")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_every_common_flag(command: str) -> None:
    flags = [word for pair in COMMON.items() for word in pair]
    args = build_parser().parse_args([command, *LEAST.get(command, []), *flags, "--no-rth"])
    assert {name: getattr(args, name) for name in PARSED} == PARSED


@pytest.mark.parametrize("command", COMMANDS)
def test_a_common_flag_that_is_not_given_says_nothing(command: str) -> None:
    args = build_parser().parse_args([command, *LEAST.get(command, [])])
    assert {getattr(args, name) for name in PARSED if name != "no_rth"} == {None}
    assert not args.no_rth


def test_a_dry_run_excludes_a_live_one(capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, "run", "--dry-run", "--live")
    assert "--live: not allowed with argument --dry-run" in line


def test_live_of_another_moment_is_refused_before_anything_else_is_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["run", "--live", "--as-of", "2025-11-28T13:00-05:00", "--config", "absent.toml"])
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert "orders are for the present" in told.err


@pytest.mark.parametrize("beginning", ["--li", "--liv", "--dry"])
def test_the_mode_of_a_run_cannot_be_abbreviated(
    capsys: pytest.CaptureFixture[str], beginning: str
) -> None:
    assert beginning in refusal(capsys, "run", beginning)


def test_an_unknown_command_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = refusal(capsys, "sell")
    assert "sell" in line
    assert all(command in line for command in COMMANDS)


def test_no_command_at_all_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "COMMAND" in refusal(capsys)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["run", "--port", "many"], "--port"),
        (["run", "--concurrency", "2.5"], "--concurrency"),
        (["status", "--colour"], "--colour"),
        (["status", "--json", "--csv"], "--csv"),
        (["data"], "action"),
        (["data", "remove"], "remove"),
        (["schedule", "later"], "later"),
        (["schedule", "--once", "--loop"], "--loop"),
        (["gateway", "--clock", "sundial"], "sundial"),
        (["demo", "fast"], "fast"),
    ],
)
def test_bad_arguments_are_refused_in_one_line_that_names_them_and_the_help(
    capsys: pytest.CaptureFixture[str], words: list[str], named: str
) -> None:
    line = refusal(capsys, *words)
    assert named in line
    assert line.rstrip().endswith("--help")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["assign", "AAPL", "SMA", "50", "1H"], ("'AAPL'", "NASDAQ:AAPL")),
        (["assign", "SMART:AAPL", "SMA", "50", "1H"], ("SMART", "listing exchange")),
        (["assign", "NASDAQ:AAPL", "WMA", "50", "1H"], ("'WMA'", "SMA, EMA")),
        (["assign", "NASDAQ:AAPL", "SMA", "51", "1H"], ("51", "50, 100")),
        (["assign", "NASDAQ:AAPL", "SMA", "50", "4H"], ("'4H'", "1H, 1D")),
        (["assign", "NASDAQ:AAPL", "SMA", "50", "1H", "now"], ("5 words", "SMA 50 1H")),
        (["run", "--parameter", "foo"], ("'foo'", "NAME=VALUE")),
        (["run", "--parameter", "=1"], ("'=1'", "NAME=VALUE")),
        (["status", "--port", "99999"], ("--port 99999", "65535")),
        (["status", "--concurrency", "33"], ("--concurrency 33", "32")),
        (["status", "--client-id", "-1"], ("--client-id -1",)),
        (["gateway", "--host", "0.0.0.0"], ("0.0.0.0", "127.0.0.1")),
        (["gateway", "--bars", "30m"], ("'30m'", "30m=DIR")),
        (["gateway", "--bars", "30m=absent"], ("absent",)),
        (["gateway", "--clock", "wall", "--speed", "2"], ("--speed", "--clock wall")),
        (["gateway", "--at", "noon"], ("'noon'",)),
        (["gateway", "--scenario", "absent.toml"], ("absent.toml",)),
    ],
)
def test_what_no_command_can_use_is_refused_in_one_line_that_names_it(
    capsys: pytest.CaptureFixture[str], words: list[str], named: tuple[str, ...]
) -> None:
    assert main(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.startswith(f"sellkit {words[0]}: ")
    assert [word for word in named if word not in told.err] == []


def test_a_code_is_explained_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "10349"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("10349: A preset of the terminal")
    assert (told.out.count("\n"), told.err) == (1, "")


@pytest.mark.parametrize(
    ("word", "reason"),
    [("2155", "is not in sellkit's book"), ("7", "no code"), ("A", "no code"), ("", "no code")],
)
def test_a_code_that_is_not_known_is_refused_with_what_is_known(
    capsys: pytest.CaptureFixture[str], word: str, reason: str
) -> None:
    assert main(["explain", word]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("sellkit explain: ")
    assert reason in told.err
    assert told.err.count("\n") == 1

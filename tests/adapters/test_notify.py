"""Messages over real channels on this machine, and no word of where they lead."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from sellkit.adapters.notify import UrlNotifier, variable
from sellkit.adapters.secret_address import without_secrets
from sellkit.core.alerts import Level
from sellkit.core.message import Message
from sellkit.errors import ConfigError, NotTold
from tests.adapters.post_office import http, overheard, smtp

MESSAGE = Message(Level.CRITICAL, "sellkit paper: order uncertain #12", "#12 NYSE:KO: is unclear")
PASSWORD = "hunter2hunter2"
TOKEN = "T0K3NT0K3N"


def notifier(folder: Path, url: str) -> UrlNotifier:
    return UrlNotifier({"phone": url}, folder)


def test_a_message_goes_over_http(tmp_path: Path) -> None:
    with http() as office:
        notifier(tmp_path, f"json://127.0.0.1:{office.port}").tell("phone", MESSAGE)
    (heard,) = office.heard
    assert (heard["title"], heard["message"]) == (MESSAGE.title, MESSAGE.body)
    assert heard["type"] == "failure"


@pytest.mark.parametrize(("overflow", "parts"), [("", 2), ("?overflow=truncate", 1)])
def test_what_is_too_long_for_a_provider_goes_in_parts_unless_its_address_says_otherwise(
    tmp_path: Path, overflow: str, parts: int
) -> None:
    body = "\n".join(["x" * 99] * 100)
    with http() as office:
        channel = notifier(tmp_path, f"ntfy://127.0.0.1:{office.port}/topic{overflow}")
        channel.tell("phone", Message(Level.CRITICAL, "sellkit", body))
    assert len(office.heard) == parts
    told = "".join(each["message"] for each in office.heard)
    assert told.count("x") == 9900 or overflow


def test_a_message_goes_by_mail(tmp_path: Path) -> None:
    with smtp() as office:
        url = f"mailto://127.0.0.1:{office.port}?from=sellkit@example.com&to=me@example.com"
        notifier(tmp_path, url).tell("phone", MESSAGE)
    (heard,) = office.heard
    assert heard["title"] == MESSAGE.title
    assert MESSAGE.body in heard["message"]


def test_a_message_goes_into_a_file(tmp_path: Path) -> None:
    channel = notifier(tmp_path, "file:told/alerts.jsonl")
    channel.tell("phone", MESSAGE)
    channel.tell("phone", Message(Level.INFO, "again", "text\nof two lines"))
    lines = (tmp_path / "told" / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(each)["title"] for each in lines] == [MESSAGE.title, "again"]
    assert json.loads(lines[0])["level"] == "critical"


def test_a_file_may_lie_anywhere(tmp_path: Path) -> None:
    notifier(tmp_path / "data", f"file://{tmp_path}/alerts.jsonl").tell("phone", MESSAGE)
    assert (tmp_path / "alerts.jsonl").exists()


def test_a_file_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "told").write_text("in the way", encoding="utf-8")
    with pytest.raises(NotTold, match="cannot be written"):
        notifier(tmp_path, "file:told/alerts.jsonl").tell("phone", MESSAGE)


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a `notify-send` of our own before the machine's."""
    folder.mkdir()
    (folder / "notify-send").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / "notify-send").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have a way of their own")
def test_a_message_is_shown_on_the_desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", monkeypatch, f'printf "%s|" "$@" > {tmp_path}/shown')
    channel = notifier(tmp_path, "desktop:")
    channel.check("phone")
    channel.tell("phone", MESSAGE)
    words = (tmp_path / "shown").read_text(encoding="utf-8").split("|")
    assert words[:4] == ["--app-name=sellkit", "--urgency=critical", "--", MESSAGE.title]
    assert words[4] == MESSAGE.body


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have a way of their own")
def test_a_desktop_that_is_not_there_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", monkeypatch, "echo Cannot autolaunch D-Bus >&2; exit 1")
    with pytest.raises(NotTold, match="reaches no desktop: Cannot autolaunch D-Bus"):
        notifier(tmp_path, "desktop:").tell("phone", MESSAGE)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotTold, match="notify-send is not installed"):
        notifier(tmp_path, "desktop:").tell("phone", MESSAGE)


def test_what_a_channel_refuses_is_a_failure_with_its_reason_and_without_its_address(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with http() as office, overheard() as lines:
        office.refuses = 1
        url = f"json://me:{PASSWORD}@127.0.0.1:{office.port}/{TOKEN}?+X-Key=s3cr3tk3y"
        with pytest.raises(NotTold) as told:
            notifier(tmp_path, url).tell("phone", MESSAGE)
    said = f"{told.value} {lines} {capfd.readouterr()}"
    assert "error=500" in str(told.value)
    for secret in (PASSWORD, TOKEN, "s3cr3tk3y", url):
        assert secret not in said


def test_nobody_at_the_other_end_is_a_failure(tmp_path: Path) -> None:
    with http() as office:
        url = f"json://me:{PASSWORD}@127.0.0.1:{office.port}/{TOKEN}"
    with pytest.raises(NotTold, match="the channel phone did not take it: ") as told:
        notifier(tmp_path, url).tell("phone", MESSAGE)
    assert PASSWORD not in str(told.value)
    assert TOKEN not in str(told.value)


def test_an_address_that_is_none_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(NotTold, match="none that apprise knows"):
        notifier(tmp_path, "carrier-pigeon://coop").tell("phone", MESSAGE)


def test_a_channel_without_an_address_says_which_variable_to_set(tmp_path: Path) -> None:
    with pytest.raises(NotTold, match="set SELLKIT_ALERT_PHONE"):
        notifier(tmp_path, "").tell("phone", MESSAGE)
    with pytest.raises(ConfigError, match="set SELLKIT_ALERT_PHONE"):
        notifier(tmp_path, "").check("phone")


def test_a_check_finds_what_is_no_address_and_sends_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none that apprise knows") as told:
        notifier(tmp_path, f"carrier-pigeon://{TOKEN}").check("phone")
    assert TOKEN not in str(told.value)
    notifier(tmp_path, "file:alerts.jsonl").check("phone")
    with http() as office:
        notifier(tmp_path, f"json://127.0.0.1:{office.port}").check("phone")
    assert office.heard == []


def test_without_apprise_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(NotTold, match=r"pip install 'sellkit\[alerts\]'"):
        notifier(tmp_path, "json://127.0.0.1").tell("phone", MESSAGE)
    notifier(tmp_path, "file:alerts.jsonl").tell("phone", MESSAGE)


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        (f"mailto://me:{PASSWORD}@example.com", [PASSWORD, "example.com"]),
        (f"tgram://{TOKEN}/998877", [TOKEN, "998877"]),
        (f"ntfys://{TOKEN}", [TOKEN]),
        (f"slack://{TOKEN}/B1234567/C7654321/#alerts", [TOKEN, "B1234567", "C7654321"]),
        (f"json://me:p%40ss%2Fword@127.0.0.1/?key={TOKEN}", ["p@ss/word", "p%40ss%2Fword", TOKEN]),
        (f"json://a:b@[broken/{TOKEN}", [TOKEN]),
    ],
)
def test_no_part_of_an_address_is_repeated(url: str, secrets: list[str]) -> None:
    told = without_secrets(f"failed: {url}; {'; '.join(secrets)}", [url])
    assert told.startswith("failed: ")
    assert not [each for each in secrets if each in told]


def test_a_short_part_of_an_address_is_hidden_where_it_stands_alone() -> None:
    assert (
        without_secrets("error=500, chat 50", ["tgram://abcdef/50"]) == "error=500, chat (secret)"
    )


def test_the_variable_of_a_channel_is_its_name_in_capitals() -> None:
    assert variable("phone") == "SELLKIT_ALERT_PHONE"

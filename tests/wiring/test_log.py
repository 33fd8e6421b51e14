"""What a process logs: into a file for each day, without accounts and secrets."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from sellkit.config import Overrides, load
from sellkit.core.redaction import Redaction
from sellkit.wiring.log import log_file, open_log, redaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sellkit.config import Settings

SECRET = 'a "secret" of the tests, ä'
ADDRESS = "tgram://123456789:abcdefghijklmnop/42?token=0123456789abcdef0123"
MAIL = "mailto://somebody:hunter2@127.0.0.1"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SELLKIT_LIVE_SECRET", SECRET)
    monkeypatch.setenv("SELLKIT_ALERT_PHONE", ADDRESS)
    monkeypatch.setenv("SELLKIT_SECRETS_DIR", str(tmp_path / "secrets"))
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets" / "alert_mail").write_text(MAIL, encoding="utf-8")
    (tmp_path / "secrets" / "alert_mail").chmod(0o600)
    path = tmp_path / "sellkit.toml"
    path.write_text("[accounts]\nmain = 'DU1234567'\n", encoding="utf-8")
    return load(Overrides(config=str(path)))


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("sellkit", "papermill", "nbclient", "asyncio")]
    before = [(each, each.handlers[:], each.level, each.propagate) for each in loggers]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


def test_an_account_is_its_alias_and_a_secret_nothing_in_every_line(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    open_log(settings, "r1")
    told = f"of DU1234567 and U7654321: {SECRET}, {ADDRESS}, hunter2, abcdefghijklmnop"
    logging.getLogger("sellkit").error("said", extra={"text": told, "list": [told]})
    try:
        int(told)
    except ValueError:
        logging.getLogger("papermill").exception("failed")
    lines = [json.loads(line) for line in log_file(settings).lines()]
    assert [each["event"] for each in lines] == ["said", "failed"]
    assert str(lines[0]["text"]).startswith("of main and (account): (secret), (secret)")
    written = (
        settings.log_dir.joinpath("sellkit.jsonl").read_text("utf-8") + capsys.readouterr().err
    )
    for hidden in ("1234567", "7654321", "secret\\", "hunter2", "abcdefghijklmnop", "ä", "\\u00e4"):
        assert hidden not in written


def test_what_is_no_secret_and_no_account_stays_as_it_is(settings: Settings) -> None:
    hide = redaction(settings)
    for text in ("SK1-0123456789ab-1", "1a2b3c4d", "NASDAQ:AAPL", "U.S.", "DUO 12345", "42"):
        assert hide(text) == text


def test_an_alias_that_json_would_write_otherwise_leaves_the_line_whole() -> None:
    hide = Redaction({'my "own"': "DU1234567"})
    assert json.loads(hide(json.dumps({"of": "DU1234567"}))) == {"of": "(account)"}

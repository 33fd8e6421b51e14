"""The log: one JSON object an event in the file, errors in one line for a person."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from sellkit import logs
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIBRARIES = ("papermill", "nbclient", "asyncio")


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    """Close what a test set up, and leave every logger as it was found."""
    loggers = [logging.getLogger(name) for name in ("sellkit", *LIBRARIES)]
    before = [(each, each.handlers[:], each.level, each.propagate) for each in loggers]
    yield
    for logger, handlers, level, propagate in before:
        for handler in set(logger.handlers) - set(handlers):
            handler.close()
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


def events(folder: Path) -> list[dict[str, object]]:
    text = (folder / "sellkit.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_an_event_is_one_line_of_json_with_its_fields_and_the_run(tmp_path: Path) -> None:
    logs.configure(tmp_path / "logs", "0a1b2c3d")
    logging.getLogger("sellkit.operate.desk").info("assigned", extra={"token": "NASDAQ:AAPL"})
    (event,) = events(tmp_path / "logs")
    assert str(event.pop("timestamp")).endswith("+00:00")
    assert event == {
        "level": "INFO",
        "logger": "sellkit.operate.desk",
        "event": "assigned",
        "run_id": "0a1b2c3d",
        "token": "NASDAQ:AAPL",
    }


def test_a_value_that_json_does_not_know_is_written_as_text(tmp_path: Path) -> None:
    logs.configure(tmp_path)
    logging.getLogger("sellkit").info("kept", extra={"path": tmp_path})
    assert events(tmp_path)[0]["path"] == str(tmp_path)


def test_a_text_of_several_lines_stays_one_line_of_the_file(tmp_path: Path) -> None:
    logs.configure(tmp_path)
    logging.getLogger("sellkit").info("said", extra={"text": "a\nb"})
    assert events(tmp_path)[0]["text"] == "a\nb"


def test_an_error_carries_its_traceback_into_the_file(tmp_path: Path) -> None:
    logs.configure(tmp_path)
    try:
        int("of the test")
    except ValueError:
        logging.getLogger("sellkit").exception("failed")
    (event,) = events(tmp_path)
    assert event["event"] == "failed"
    assert "ValueError: invalid literal" in str(event["traceback"])


def test_a_person_sees_errors_in_one_line_and_nothing_less(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(tmp_path)
    logger = logging.getLogger("sellkit.operate.desk")
    logger.info("assigned")
    logger.warning("bars_missing")
    logger.critical("decision_undecided", extra={"token": "NYSE:KO"})
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "critical: decision_undecided token=NYSE:KO\n")
    assert len(events(tmp_path)) == 3


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_librarys_warnings_go_to_the_file_and_not_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], library: str
) -> None:
    logs.configure(tmp_path)
    logging.getLogger(f"{library}.client").info("chatter")
    logging.getLogger(f"{library}.client").error("lost")
    assert [each["event"] for each in events(tmp_path)] == ["lost"]
    assert capsys.readouterr().err == ""


def test_configuring_again_neither_doubles_a_line_nor_keeps_the_former_run(tmp_path: Path) -> None:
    logs.configure(tmp_path / "first", "1")
    logs.configure(tmp_path / "second", "2")
    logging.getLogger("sellkit").info("once")
    assert events(tmp_path / "first") == []
    assert [each["run_id"] for each in events(tmp_path / "second")] == ["2"]


def test_a_log_is_continued_and_not_begun_anew(tmp_path: Path) -> None:
    for run in ("1", "2"):
        logs.configure(tmp_path, run)
        logging.getLogger("sellkit").info("said")
    assert [each["run_id"] for each in events(tmp_path)] == ["1", "2"]


def test_a_folder_that_cannot_be_made_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"cannot be written: .*give another --log-dir"):
        logs.configure(tmp_path / "file" / "logs")

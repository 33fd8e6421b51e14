"""The table of a probe: a line for each question, its verdict, and what was found earlier."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

from sellkit.core.probing import ProbeRecord, Question, bad, noted
from sellkit.present.probed import print_probe
from tests.build import NOW
from tests.probes import probe_record


def printed(record: ProbeRecord) -> list[str]:
    out = io.StringIO()
    print_probe(record, stream=out)
    return out.getvalue().splitlines()


def test_it_names_the_gateway_and_gives_each_question_a_line() -> None:
    lines = printed(probe_record())
    assert lines[0].startswith("probe of the paper gateway at 127.0.0.1:4002, account main, 2026-")
    assert sum(line.startswith("good ") for line in lines) == len(Question)
    assert lines[-1] == "passed: live mode may rest on this gateway for 30 days"


def test_what_fails_stands_out_and_is_named_at_the_end() -> None:
    record = probe_record(HOURS=bad("neither anchor", "do not go live"), LOTS=noted("lots", "-"))
    lines = printed(record)
    (line,) = [each for each in lines if each.startswith("BAD ")]
    assert line.split("  ")[1:] != []
    assert "neither anchor" in line
    assert "do not go live" in line
    assert lines[-1] == "not passed, for: hour anchor"


def test_what_an_earlier_probe_found_carries_its_date() -> None:
    record = probe_record()
    later = replace(record, began_at=NOW + dt.timedelta(days=1))
    assert "so it is (found 2026-01-28 20:00 UTC)" in printed(later)[4]

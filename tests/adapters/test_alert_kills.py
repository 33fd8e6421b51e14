"""A process that is killed while it tells loses no alert, and repeats none without saying so."""

from __future__ import annotations

import json
from pathlib import Path

from tests.adapters.alert_kills import check, kill_tellers
from tests.adapters.post_office import http


def test_kills_lose_no_alert_and_repeat_none_unsaid(tmp_path: Path) -> None:
    told = kill_tellers(tmp_path, kills=4, seed=7)
    assert len(told) > 4


def test_kills_lose_no_alert_over_http(tmp_path: Path) -> None:
    with http() as office:
        raised = kill_tellers(tmp_path, 1, 7, url=f"json://127.0.0.1:{office.port}")
    check([json.dumps(each) for each in office.heard], len(raised))

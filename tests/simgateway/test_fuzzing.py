"""The gateway under frames that no client would send, and the fuzz test's own parts."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING

import pytest

from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.dispatch import REQUESTS
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.fuzz_cases import VERSIONS, case, load, save
from tests.simgateway.fuzz_requests import offered, requests
from tests.simgateway.fuzzing import NOON, Broken, Progress, fuzz, replay
from tests.simgateway.wire import WireClient

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sellkit.simgateway.gateway import Gateway

SECONDS = float(os.environ.get("FUZZ_SECONDS", "8"))
SEED = int(os.environ.get("FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
CANNOT_READ = "320"


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 240)
def test_no_frame_however_changed_brings_the_gateway_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\nfuzz seed {SEED} (FUZZ_SEED={SEED} plays it again)")
    progress = Progress(SEED, until=time.monotonic() + SECONDS)
    fuzz(progress, folder=tmp_path)
    assert progress.cases > 100
    assert progress.connections > 10


def test_every_kind_of_request_is_among_those_that_are_changed() -> None:
    for version in VERSIONS:
        assert {request[0] for request in requests(version)} >= set(REQUESTS)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_request_can_be_read_to_its_end_before_it_is_changed(version: int) -> None:
    with serve(default_scenario(), clock=VirtualClock(NOON, 0)) as gateway:
        for number, request in enumerate(offered(version)):
            with WireClient(gateway) as client:
                client.start(number, VERSIONS[version])
                client.send(*request)
                client.send(25, 1, 987)
                told = [client.receive()]
                while told[-1][2:4] != ("987", "366"):
                    told.append(client.receive())
            assert CANNOT_READ not in [one[3] for one in told if one[0] == "4"], request


def test_a_case_is_made_from_its_seed_and_its_number_alone() -> None:
    assert [case(3, number) for number in range(500)] == [case(3, number) for number in range(500)]
    assert case(3, 1) != case(4, 1)
    assert {case(3, number).version for number in range(50)} == set(VERSIONS)


def test_cases_that_were_written_down_are_the_same_when_they_are_read(tmp_path: Path) -> None:
    cases = [case(5, number) for number in range(100)]
    save(tmp_path / "cases.json", 5, "trouble", cases)
    assert load(tmp_path / "cases.json") == cases


class BrokenMarket(FakeMarket):
    """A market that fails where it must not."""

    def hours(self, exchange: str, now: object) -> tuple[str, str]:
        raise RuntimeError("no hours")


def broken() -> AbstractContextManager[Gateway]:
    clock = VirtualClock(NOON, 0)
    return serve(default_scenario(), market=BrokenMarket(), clock=clock)


def test_a_gateway_that_breaks_is_found_and_breaks_again_on_the_cases_on_disk(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    progress = Progress(seed=1, until=time.monotonic() + 60)
    with pytest.raises(Broken, match="no hours"):
        fuzz(progress, gateway=broken, folder=tmp_path)
    (path,) = tmp_path.iterdir()
    assert path.name == f"1-{progress.next - 1}.json"
    with pytest.raises(Broken, match="no hours"):
        replay(load(path), gateway=broken)
    replay(load(path))
    assert "request_failed" in caplog.text

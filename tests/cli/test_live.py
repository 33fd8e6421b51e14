"""A person arms an account, runs live, and looks at what came of it; all by the command line.

One portfolio, one hour: the tests read what the commands of one story left.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path

import pytest

from sellkit.adapters.switch_files import SwitchFiles
from sellkit.core.arming import Arming
from sellkit.core.portfolio import Account, GatewayKind
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.gateway import Gateway
from tests.cli.command import ACCOUNT, MOMENT, Answer, Workspace, gateway
from tests.cli.leaks import leaks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SECRET = "a secret of the tests"
PASSWORD, TOKEN = "hunter2-of-the-tests", "0123456789abcdef-of-the-tests"
ADDRESS = f"json://somebody:{PASSWORD}@127.0.0.1:9/{TOKEN}"
"""Nothing listens there: each message fails, and says why."""
LIMITS = """\
gateway = "simulated"
account = "demo"
[orders]
max_shares = 1000
max_notional = 100000
max_orders = 10
max_daily_notional = 200000
many_exits = {many}
many_exits_part = {part}
require_above_break_even = false
fill_seconds = 20.0
[alerts]
deliver_seconds = 2.0
low_disk_megabytes = 1000000000
[alerts.channels]
phone = "info"
file = "info"
"""


@dataclass(frozen=True)
class Story:
    """What each command answered, in the order in which they were typed."""

    place: Workspace
    gateway: Gateway
    unprobed: Answer
    probed: Answer
    withheld: Answer
    confirmed: Answer
    again: Answer
    reconciled: Answer
    tickets: Answer
    audit: Answer


def arm(place: Workspace, since: dt.datetime = MOMENT, days: float = 4 / 24) -> None:
    """As `sellkit arm` does, once a person has typed everything."""
    account = Account("demo", ACCOUNT)
    SwitchFiles(place.data / "state", SECRET).arm(
        Arming(
            arming_id="0badcafe",
            profile="demo",
            account="demo",
            fingerprint=account.fingerprint,
            gateway=GatewayKind.SIMULATED,
            armed_at=since,
            until=since + dt.timedelta(days=days),
            max_notional=Decimal(200_000),
        )
    )


def secrets_of(place: Workspace) -> Path:
    """A folder for the secrets that live mode and the alerts need."""
    folder = place.folder / "secrets"
    folder.mkdir(mode=0o700)
    for name, text in {"live_secret": SECRET, "alert_phone": ADDRESS}.items():
        (folder / name).write_text(f"{text}\n", encoding="utf-8")
        (folder / name).chmod(0o600)
    return folder


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in it", content)
    return packed.getvalue()


def run_id_of(answer: Answer) -> str:
    last = next(each for each in answer.out.splitlines() if each.startswith("run "))
    return last.split()[1]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The clock runs as the day does, so that an order fills."""
    with gateway(clock=VirtualClock(MOMENT, 1)) as running:
        place = Workspace.make(tmp_path_factory.mktemp("live") / "place", running.port)
        text = place.settings.read_text(encoding="utf-8")
        place.settings.write_text(text + LIMITS.format(many=1, part=0.1), encoding="utf-8")
        folder = str(secrets_of(place))
        variables = {"SELLKIT_SECRETS_DIR": folder, "SELLKIT_ALERT_FILE": "file:told.jsonl"}
        arm(place)

        def type_in(*words: str) -> Answer:
            return place.sellkit(*words, variables=variables)

        unprobed = type_in("run", "--live")
        probed = type_in("probe")
        withheld = type_in("run", "--live")
        yield Story(
            place=place,
            gateway=running,
            unprobed=unprobed,
            probed=probed,
            withheld=withheld,
            confirmed=type_in("confirm", run_id_of(withheld)),
            again=type_in("confirm", run_id_of(withheld)),
            reconciled=type_in("reconcile"),
            tickets=type_in("tickets"),
            audit=type_in("audit", "verify"),
        )


def test_a_gateway_that_was_never_probed_is_sent_nothing(story: Story) -> None:
    assert "withheld" in story.unprobed.out
    assert "sellkit probe" in story.unprobed.out


def test_the_probe_of_a_simulated_gateway_passes(story: Story) -> None:
    assert story.probed.code == 0, story.probed.out + story.probed.err


def test_many_exits_at_once_wait_for_a_person(story: Story) -> None:
    assert "signal at once" in story.withheld.out
    assert "order " not in story.withheld.out


def test_what_a_person_confirmed_is_sent_once_and_said(story: Story) -> None:
    told = [each for each in story.confirmed.out.splitlines() if each.startswith("order ")]
    assert told, story.confirmed.out + story.confirmed.err
    assert all(each.startswith("order DONE: SELL ") for each in told), told
    placed = [each.fields for each in story.gateway.exchange.placed_orders]
    assert len(placed) == len(told)


def test_a_run_is_confirmed_once(story: Story) -> None:
    assert (story.again.code, story.again.out) == (2, "")
    assert "was confirmed before" in story.again.err


def test_reconciling_finds_every_order_explained(story: Story) -> None:
    assert "journal: DONE" in story.reconciled.out
    lines = [each for each in story.reconciled.out.splitlines() if each.startswith("ok ")]
    assert len(lines) == len(story.gateway.exchange.placed_orders)


def test_the_tickets_of_the_day_are_listed_with_their_ends(story: Story) -> None:
    assert story.tickets.code == 0
    assert story.tickets.out.count("DONE") >= len(story.gateway.exchange.placed_orders)


def test_the_journal_of_it_stands_an_audit(story: Story) -> None:
    assert story.audit.code == 0, story.audit.out


def test_the_signal_log_tells_what_was_executed(story: Story) -> None:
    text = (story.place.data / "logs" / "signals.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(each) for each in text.splitlines()]
    executed = [each for each in lines if each["action_executed"]]
    assert {each["run_id"] for each in executed} == {run_id_of(story.confirmed)}


def test_neither_account_nor_secret_stands_in_anything_that_is_kept_or_said(story: Story) -> None:
    place, hidden = story.place, (ACCOUNT, SECRET, ADDRESS, PASSWORD, TOKEN)
    kept = {path.name for path in place.data.rglob("*") if path.is_file()}
    assert {"journal.sqlite", "sellkit.jsonl", "signals.jsonl", "probe.json"} <= kept
    assert place.notebooks
    assert leaks(place.folder, *hidden, but=(place.settings, place.folder / "secrets")) == []
    answers = (getattr(story, each.name) for each in fields(story))
    for answer in (each for each in answers if isinstance(each, Answer)):
        assert not [each for each in hidden if each in answer.out + answer.err]


def test_a_message_that_could_not_be_told_is_among_what_was_looked_through(story: Story) -> None:
    told = story.place.sellkit("alerts", "list")
    assert "phone" in told.out + told.err
    assert "FAILED" in told.out + told.err


@pytest.mark.parametrize("pack", [gzip.compress, zipped])
def test_what_stands_in_a_packed_file_is_found(tmp_path: Path, pack: Callable[..., bytes]) -> None:
    (tmp_path / "old").write_bytes(pack(f"of {ACCOUNT}".encode()))
    (found,) = leaks(tmp_path, ACCOUNT, SECRET)
    assert ACCOUNT in found


def test_every_run_is_kept_as_a_notebook_under_its_mode(story: Story) -> None:
    assert len(story.place.notebooks) == 3
    texts = [Path(each).read_text(encoding="utf-8") for each in story.place.notebooks]
    assert all("LIVE" in each for each in texts)


def test_signals_orders_fills_and_what_was_withheld_are_told_once_each(story: Story) -> None:
    text = (story.place.data / "told.jsonl").read_text(encoding="utf-8")
    bodies = [str(json.loads(each)["body"]) for each in text.splitlines()]
    told = [line for each in bodies for line in each.splitlines() if line.startswith("#")]
    assert len({each.split()[0] for each in told}) == len(told)
    kinds = [each.partition(", ")[2].partition(", ")[0] for each in told]
    placed = len(story.gateway.exchange.placed_orders)
    assert placed > 0
    assert (kinds.count("order"), kinds.count("fill")) == (placed, placed)
    assert kinds.count("signal") >= placed
    withheld = [each for each in told if " critical, withheld exit, " in each]
    assert any("sellkit probe" in each for each in withheld), told
    assert kinds.count("low disk") == 1

"""The settings: what a file may say, where its paths lead, and how a wrong one is refused."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from sellkit.config import CHECKOUT, Overrides, Settings, load
from sellkit.config.secret import live_secret
from sellkit.config.state_folder import state_folder
from sellkit.core.bars import Anchor
from sellkit.core.evaluate import DailyBasis
from sellkit.core.limits import AtClose, Foreign
from sellkit.errors import ConfigError
from sellkit.wiring.parts import desk_options


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a variable of the operator's nor a file of the checkout plays a part."""
    for each in fields(Overrides):
        monkeypatch.delenv(f"SELLKIT_{each.name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def write(folder: Path, text: str, name: str = "sellkit.toml") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def loaded(folder: Path, text: str = "", **flags: object) -> Settings:
    return load(Overrides(config=write(folder, text), **flags))  # type: ignore[arg-type]


# --- what holds without a word in the file --------------------------------------------------------


def test_an_empty_file_gives_the_paper_profile_on_its_port(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    assert (settings.profile, settings.connection.port) == ("paper", 4002)


def test_an_empty_file_leaves_unassigned_positions_undecided(tmp_path: Path) -> None:
    assert loaded(tmp_path).file.assignments.default is None


def test_an_empty_file_withholds_orders_below_break_even(tmp_path: Path) -> None:
    orders = loaded(tmp_path).file.orders
    assert orders.require_above_break_even
    assert orders.at_close is AtClose.NEXT_OPEN


def test_an_empty_file_lets_orders_of_others_block_a_close(tmp_path: Path) -> None:
    assert loaded(tmp_path).file.orders.foreign is Foreign.BLOCK


def test_orders_placed_by_hand_are_bound_as_client_0_alone(tmp_path: Path) -> None:
    text = "[orders]\nforeign = 'bind'\n[profiles.paper]\nclient_id = 0\n"
    assert loaded(tmp_path, text).file.orders.foreign is Foreign.BIND
    with pytest.raises(ConfigError, match=r'"bind" needs client_id = 0, and that of the profile'):
        loaded(tmp_path, "[orders]\nforeign = 'bind'\n")
    with pytest.raises(ConfigError, match="'live' is 1"):
        loaded(tmp_path, text, profile="live")
    with pytest.raises(ConfigError, match="'paper' is 5"):
        loaded(tmp_path, text, client_id=5)


def test_last_bars_may_be_judged_five_minutes_early(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "[orders]\nat_close = 'before_close'\n")
    orders = settings.file.orders
    assert (orders.at_close, orders.before_close_minutes) == (AtClose.BEFORE_CLOSE, 5)
    assert desk_options(settings).limits.early == dt.timedelta(minutes=5)
    assert not desk_options(loaded(tmp_path)).limits.early


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("before_close_minutes = 1.5", "orders.before_close_minutes"),
        ("before_close_minutes = 25", "orders.before_close_minutes"),
        ("before_close_minutes = 2.5", "leaves 30 s before orders.close_margin_seconds = 120"),
        ("close_margin_seconds = 290.0", "leaves 10 s"),
    ],
)
def test_judged_early_there_has_to_be_time_for_the_order(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        loaded(tmp_path, f"[orders]\nat_close = 'before_close'\n{text}\n")


def test_judged_early_bars_are_those_of_regular_hours(tmp_path: Path) -> None:
    text = "[orders]\nat_close = 'before_close'\n"
    with pytest.raises(ConfigError, match=r"needs history\.rth = true"):
        loaded(tmp_path, f"{text}[history]\nrth = false\n")
    with pytest.raises(ConfigError, match=r"needs history\.rth = true"):
        loaded(tmp_path, text, rth=False)


def test_the_three_profiles_need_not_be_written_out(tmp_path: Path) -> None:
    ports = {
        name: loaded(tmp_path, profile=name).connection.port for name in ("demo", "paper", "live")
    }
    assert ports == {"demo": 4012, "paper": 4002, "live": 4001}


def test_a_connection_comes_back_only_where_nobody_is_looking(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    assert not settings.is_returning
    assert settings.file.requests.patience_seconds == 60


def test_the_three_profiles_expect_what_they_are_called(tmp_path: Path) -> None:
    kinds = {
        name: str(loaded(tmp_path, profile=name).connection.gateway)
        for name in ("demo", "paper", "live")
    }
    assert kinds == {"demo": "simulated", "paper": "paper", "live": "live"}


def test_the_demo_profile_lives_by_the_gateways_clock(tmp_path: Path) -> None:
    assert loaded(tmp_path, profile="demo").connection.clock == "broker"


def test_the_file_of_the_checkout_can_be_read() -> None:
    settings = load(Overrides(config=str(CHECKOUT / "config" / "sellkit.toml")))
    assert settings.root == CHECKOUT


def test_the_file_of_the_checkout_says_what_the_defaults_say(tmp_path: Path) -> None:
    written = load(Overrides(config=str(CHECKOUT / "config" / "sellkit.toml")))
    assert written.file == loaded(tmp_path).file


# --- what a file says -----------------------------------------------------------------------------


def test_every_table_of_the_file_is_taken(tmp_path: Path) -> None:
    text = """
        profile = "live"
        accounts.main = "U7654321"
        [assignments]
        default = "ema 20 1d"
        [history]
        hours = 300
        [bars]
        hour_anchor = "session"
        [signals]
        daily = "hourly"
        [orders]
        max_notional = 50000.5
        max_shares = 100
        [profiles.live]
        account = "main"
    """
    settings = loaded(tmp_path, text)
    file = settings.file
    assert (settings.profile, settings.connection.account) == ("live", "main")
    assert file.accounts == {"main": "U7654321"}
    assert file.assignments.default == "ema 20 1d"
    assert file.history.hours == 300
    assert (file.bars.hour_anchor, file.signals.daily) == (Anchor.SESSION, DailyBasis.HOURLY)
    assert (file.orders.max_shares, file.orders.max_notional) == (Decimal(100), Decimal("50000.5"))


def test_a_known_profile_that_is_written_in_part_keeps_its_other_values(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "[profiles.demo]\nport = 5000", profile="demo")
    assert (settings.connection.port, settings.connection.clock) == (5000, "broker")


def test_a_new_profile_may_be_added(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "[profiles.second]\nport = 7496", profile="second")
    assert settings.connection.port == 7496


def test_a_byte_order_mark_before_the_first_key_is_read_over(tmp_path: Path) -> None:
    assert loaded(tmp_path, '\ufeffprofile = "demo"').profile == "demo"


# --- where things are -----------------------------------------------------------------------------


def test_paths_are_taken_from_the_folder_that_holds_config(tmp_path: Path) -> None:
    settings = load(Overrides(config=write(tmp_path, "", "config/sellkit.toml")))
    assert settings.data_dir == tmp_path / "data" / "paper"
    assert settings.assignments_path == tmp_path / "config" / "assigned_ma.csv"


def test_paths_are_taken_from_the_files_own_folder_when_that_is_not_config(tmp_path: Path) -> None:
    settings = loaded(tmp_path / "elsewhere")
    assert settings.data_dir == tmp_path / "elsewhere" / "data" / "paper"


def test_each_profile_has_a_data_folder_of_its_own(tmp_path: Path) -> None:
    folders = {loaded(tmp_path, profile=name).data_dir for name in ("demo", "paper", "live")}
    assert folders == {tmp_path / "data" / name for name in ("demo", "paper", "live")}


def test_a_data_folder_given_by_flag_is_taken_from_where_one_stands(tmp_path: Path) -> None:
    settings = loaded(tmp_path / "elsewhere", data_dir="mine")
    assert settings.data_dir == tmp_path / "mine" / "paper"


def test_logs_lie_in_the_profiles_data_unless_a_flag_says_otherwise(tmp_path: Path) -> None:
    assert loaded(tmp_path).log_dir == tmp_path / "data" / "paper" / "logs"
    assert loaded(tmp_path, log_dir="elsewhere").log_dir == tmp_path / "elsewhere"


def test_a_profile_may_keep_its_assignments_apart(tmp_path: Path) -> None:
    text = '[profiles.paper]\nassignments = "paper.csv"'
    assert loaded(tmp_path, text).assignments_path == tmp_path / "paper.csv"


def test_notebooks_of_the_checkout_serve_where_there_are_no_own_ones(tmp_path: Path) -> None:
    assert loaded(tmp_path).notebooks_dir == CHECKOUT / "notebooks"
    (tmp_path / "notebooks").mkdir()
    assert loaded(tmp_path).notebooks_dir == tmp_path / "notebooks"


def test_the_file_in_the_working_folder_comes_before_that_of_the_checkout(tmp_path: Path) -> None:
    write(tmp_path, 'profile = "demo"', "config/sellkit.toml")
    settings = load()
    assert (settings.source, settings.profile) == (tmp_path / "config" / "sellkit.toml", "demo")


def test_an_empty_file_sets_no_limit_that_live_orders_need(tmp_path: Path) -> None:
    orders = loaded(tmp_path).file.orders
    assert orders.max_orders is orders.max_daily_notional is None
    assert orders.max_shares is orders.max_notional is None
    assert not orders.retry_proven_unsent


def test_switches_and_leases_of_every_data_folder_lie_in_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    one = loaded(tmp_path, data_dir=str(tmp_path / "one"))
    other = loaded(tmp_path, data_dir=str(tmp_path / "other"), profile="live")
    assert one.state_dir == other.state_dir
    assert (tmp_path / "one") not in one.state_dir.parents


def test_those_of_a_simulated_gateway_lie_among_its_data(tmp_path: Path) -> None:
    settings = loaded(tmp_path, profile="demo", data_dir=str(tmp_path / "d"))
    assert settings.state_dir == tmp_path / "d" / "demo" / "state"


@pytest.mark.parametrize(
    ("named", "folder"),
    [("/x/state", "/x/state/sellkit"), ("", None), ("relative", None)],
)
def test_the_systems_place_for_state_is_taken(named: str, folder: str | None) -> None:
    if sys.platform in {"win32", "darwin"}:
        pytest.skip("another system's place")
    usual = Path.home() / ".local" / "state" / "sellkit"
    assert state_folder({"XDG_STATE_HOME": named}) == Path(folder or usual)


def test_a_secret_that_is_blank_is_none() -> None:
    assert live_secret({}) is live_secret({"SELLKIT_LIVE_SECRET": " "}) is None
    assert live_secret({"SELLKIT_LIVE_SECRET": " x "}) == "x"


def test_the_secret_stands_in_no_setting_and_no_override(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_LIVE_SECRET", "a secret of the tests")
    assert "a secret of the tests" not in repr(loaded(tmp_path)) + repr(Overrides())


def test_what_was_chosen_leads_a_kernel_in_another_folder_to_the_same_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "[profiles.demo]\nport = 5000", "mine.toml")
    chosen = Overrides(config="mine.toml", profile="demo", data_dir="d", log_dir="l", port=6000)
    here = load(chosen)
    handed_on = here.as_overrides(chosen)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert load(handed_on) == here


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[orders]\nmax_share = 5", ("orders.max_share", "unknown key")),
        ("colour = 1", ("colour", "unknown key")),
        ('[profiles.paper]\nport = "4002"', ("profiles.paper.port", "'4002'")),
        ("[profiles.paper]\nport = 70000", ("profiles.paper.port", "70000")),
        ("[profiles.new]\nhost = 'h'", ("profiles.new.port",)),
        ("[profiles]\npaper = 4002", ("profiles.paper", "4002")),
        ("profiles = 4002", ("profiles", "4002")),
        ("[history]\nhours = 0", ("history.hours", "0")),
        ("[history]\nrth = 'yes'", ("history.rth", "'yes'")),
        ("[bars]\nhour_anchor = 'noon'", ("bars.hour_anchor", "'noon'")),
        ("[orders]\nmax_shares = -1", ("orders.max_shares", "-1")),
        ("[orders]\nmax_notional = 'much'", ("orders.max_notional", "'much'")),
        ("[orders]\nmax_orders = 0", ("orders.max_orders", "0")),
        ("[orders]\nmax_daily_notional = 0", ("orders.max_daily_notional", "0")),
        ("[orders]\nmax_clock_skew_seconds = 11.0", ("orders.max_clock_skew_seconds", "11.0")),
        ("[orders]\nmany_exits_part = 1.5", ("orders.many_exits_part", "1.5")),
        ("[orders]\nfill_seconds = 0.0", ("orders.fill_seconds", "0.0")),
        ("[orders]\nforeign = 'ignore'", ("orders.foreign", "'ignore'")),
        ("[orders]\nat_close = 'never'", ("orders.at_close", "'never'")),
        ("[requests]\nconcurrency = 33", ("requests.concurrency", "33")),
        ("[assignments]\ndefault = 'SMA 51 1H'", ("assignments.default", "SMA 51 1H", "50")),
        ("[assignments]\ndefault = ''", ("assignments.default",)),
        ("[accounts]\nmain = 1234567", ("accounts.main", "1234567")),
        ("orders = 5", ("orders", "5")),
        ("[orders\n", ("not TOML", "line 1")),
        ("a = 1\nb = ]", ("not TOML", "line 2")),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_the_key_and_the_value(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, text)
    message = str(refused.value)
    assert str(tmp_path / "sellkit.toml") in message
    assert all(word in message for word in words), message
    assert "\n" not in message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no settings file .*absent\.toml"):
        load(Overrides(config=str(tmp_path / "absent.toml")))


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(Overrides(config=str(tmp_path)))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sellkit.toml"
    path.write_bytes(b"\xff\xfe\x00profile")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(Overrides(config=str(path)))


def test_a_profile_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'real' is not in .*; it has demo, live, paper"):
        loaded(tmp_path, profile="real")


@pytest.mark.parametrize(
    ("flag", "value"),
    [("port", 0), ("port", 65_536), ("concurrency", 0), ("concurrency", 33), ("client_id", -1)],
)
def test_a_flag_out_of_bounds_is_refused_by_its_name(tmp_path: Path, flag: str, value: int) -> None:
    with pytest.raises(ConfigError, match=f"--{flag.replace('_', '-')} {value}"):
        loaded(tmp_path, **{flag: value})


def test_two_keys_that_do_not_go_together_are_refused_without_repeating_the_file(
    tmp_path: Path,
) -> None:
    text = '[schedule]\ndelay_seconds = 1.0\n[accounts]\nmain = "DU1234567"\n'
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / 'sellkit.toml'}: schedule.delay_seconds = 1 lies before")
    assert "DU1234567" not in said
    assert "Value error" not in said
    assert caught.value.__suppress_context__  # the cause repeats what stands around the value

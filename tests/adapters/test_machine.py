"""The connection's machine, code by code: when it is ready, what it does, and whom it tells."""

from __future__ import annotations

import pytest

from sellkit.adapters.ib import happenings as have
from sellkit.adapters.ib.happenings import Answer
from sellkit.adapters.ib.readiness import FASTEST, SLOWEST
from sellkit.core.alerts import AlertKind
from sellkit.core.portfolio import GatewayKind
from tests.adapters.machine_driver import ACCOUNTS, ADDRESS, Driver, rules

READ_ONLY = "Error validating request: The API interface is currently in Read-Only mode."
BROKEN = "Market data farm connection is broken:usfarm.nj"
WELL = "Market data farm connection is OK:usfarm.nj"
ASLEEP = "Market data farm connection is inactive but should be available upon demand.usfarm.nj"


def ready(**changes: object) -> Driver:
    return Driver(rules(**changes)).until_ready()


def refuse(driver: Driver, times: int, reason: str = "nothing listens", **sort: bool) -> None:
    """So many attempts that fail."""
    for _ in range(times):
        while not isinstance(driver.task, have.Dial):
            driver.well()
        driver.feed(have.Refused(driver.state.link, reason, **sort))


# --- the first connection -------------------------------------------------------------------------


def test_a_first_connection_is_ready_once_the_lists_were_read_to_their_ends() -> None:
    driver = Driver()
    assert driver.reason == "it has not been opened yet"
    driver.feed(have.Waited(0))
    assert driver.reason == f"{ADDRESS} is being connected to"
    driver.well()
    assert isinstance(driver.task, have.Sync)
    assert (driver.state.epoch, driver.is_ready) == (1, False)
    driver.well()
    assert driver.is_ready


def test_a_person_at_the_keyboard_reads_the_lists_himself() -> None:
    driver = Driver(rules(is_lasting=False, trusts_start=True))
    driver.feed(have.Waited(0))
    driver.well()
    assert driver.is_ready
    assert driver.count(have.Sync) == 0


def test_a_refused_first_connection_is_tried_again_by_the_same_rules() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    driver.feed(have.Refused(1, "nothing listens"))
    assert isinstance(driver.task, have.BackOff)
    assert (driver.task.failures, driver.reason) == (1, "nothing listens")
    driver.until_ready()
    assert driver.state.epoch == 1


def test_a_gateway_that_has_just_come_up_is_left_to_settle_before_it_is_asked() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    refuse(driver, 1)
    driver.well()
    driver.well()
    assert driver.task == have.Wait(driver.state.turn, 5.0)
    assert [type(driver.well()[-1]) for _ in range(2)] == [have.Probe, have.Sync]


def test_a_connection_that_does_not_last_ends_with_its_first_loss() -> None:
    driver = ready(is_lasting=False, trusts_start=True)
    assert driver.feed(have.Lost(1, "closed")) == [have.Close(1)]
    assert driver.reason == "closed"
    assert driver.feed(have.Waited(driver.state.turn)) == []


# --- losses ---------------------------------------------------------------------------------------


def test_a_loss_leads_to_a_new_epoch_with_everything_read_anew() -> None:
    driver = ready()
    close, back_off = driver.feed(have.Lost(1, "closed"))
    assert close == have.Close(1)
    assert isinstance(back_off, have.BackOff)
    assert driver.reason == "closed"
    syncs = driver.count(have.Sync)
    driver.until_ready()
    assert (driver.state.epoch, driver.count(have.Sync)) == (2, syncs + 1)
    assert driver.alerts == []


def test_failures_in_a_row_are_counted_until_a_probe_finds_the_connection_well() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    refuse(driver, 2)
    driver.until_ready()
    driver.feed(have.Lost(driver.state.link, "closed"))
    assert driver.state.failures == 3
    driver.until_ready()
    driver.probed(is_answered=True)
    assert driver.state.failures == 0


def test_an_unreachable_gateway_is_told_once_after_so_many_attempts() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    refuse(driver, 2)
    assert driver.alerts == []
    refuse(driver, 20)
    assert driver.alerts == [AlertKind.UNREACHABLE]


def test_a_wedged_gateway_is_told_to_want_its_weekly_login() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    refuse(driver, 9, "stayed silent", is_silent=True)
    assert driver.alerts == [AlertKind.SILENT]
    assert "weekly login may be due" in driver.reason
    assert driver.state.epoch == 0


def test_being_ready_clears_what_was_said_and_it_is_said_again_the_next_time() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    refuse(driver, 5)
    driver.until_ready()
    assert driver.commands[-1] == have.Clear()
    driver.probed(is_answered=True)
    driver.feed(have.Lost(driver.state.link, "closed"))
    refuse(driver, 5)
    assert driver.alerts == [AlertKind.UNREACHABLE] * 2


def test_a_half_open_socket_is_left() -> None:
    driver = ready()
    assert driver.probed(is_answered=False)[0] == have.Close(1)
    assert "did not answer within 5 s" in driver.reason


def test_a_gateway_that_answers_its_probes_stays_ready() -> None:
    driver = ready()
    for _ in range(5):
        driver.probed(is_answered=True)
        assert driver.is_ready
    assert (driver.state.epoch, driver.count(have.Sync)) == (1, 1)


# --- 1100, 1101, 1102, 2110 -----------------------------------------------------------------------


@pytest.mark.parametrize("code", [1100, 2110])
def test_a_gateway_that_lost_interactive_brokers_is_not_ready_at_once_and_stays_connected(
    code: int,
) -> None:
    driver = ready()
    commands = driver.told(code)
    assert f"has lost Interactive Brokers ({code}: as told)" in driver.reason
    assert not any(isinstance(each, have.Close) for each in commands)


@pytest.mark.parametrize(("code", "lost"), [(1101, 1), (1102, 0)])
def test_a_gateway_that_is_back_is_ready_after_settling_a_probe_and_the_lists(
    code: int, lost: int
) -> None:
    driver = ready()
    driver.told(1100)
    driver.told(code)
    assert driver.task == have.Wait(driver.state.turn, 5.0)
    seen = []
    while not driver.is_ready:
        seen.append(type(driver.task))
        driver.well()
    assert seen == [have.Wait, have.Probe, have.Sync]
    assert driver.state.epoch == 1
    assert driver.count(have.CountSubscriptionsLost) == lost


def test_1100_a_hundred_times_is_one_alert_and_nothing_begins_anew() -> None:
    driver = ready()
    driver.told(1100)
    task = driver.task
    for _ in range(99):
        assert driver.told(1100) == []
    assert driver.alerts == [AlertKind.UPSTREAM_LOST]
    assert driver.task == task


def test_1100_while_the_lists_are_read_spoils_them() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    driver.well()
    reading = driver.task
    assert isinstance(reading, have.Sync)
    driver.told(1100)
    driver.told(1102)
    driver.feed(have.Synced(reading.turn, Answer.COMPLETE))
    assert not driver.is_ready
    driver.until_ready()
    assert driver.count(have.Sync) == 2


def test_a_gateway_that_is_cut_off_may_be_silent_for_a_while() -> None:
    driver = ready()
    driver.told(1100)
    for _ in range(2):
        driver.probed(is_answered=False)
        assert driver.count(have.Close) == 0
    driver.probed(is_answered=False)
    assert driver.count(have.Close) == 1


def test_a_new_connection_forgets_that_the_one_before_was_cut_off() -> None:
    driver = ready()
    driver.told(1100)
    driver.feed(have.Lost(driver.state.link, "closed"))
    driver.until_ready()
    assert driver.state.epoch == 2


def test_a_gateway_that_says_1100_at_its_start_is_not_asked_before_it_is_back() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    driver.told(1100)
    driver.well()
    assert "has lost Interactive Brokers" in driver.reason
    assert isinstance(driver.task, have.Wait)
    driver.told(1102)
    driver.until_ready()


def test_1102_at_the_start_is_settled_first() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    driver.told(1102)
    driver.well()
    assert isinstance(driver.task, have.Wait)
    driver.until_ready()


# --- farms, other sessions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "well"), [(2103, 2104), (2105, 2106), (2157, 2158), (2103, 2108), (2105, 2107)]
)
def test_a_broken_farm_is_named_until_it_is_well_or_asleep(broken: int, well: int) -> None:
    driver = ready()
    driver.told(broken, BROKEN)
    assert driver.reason.startswith("the farm usfarm.nj (")
    assert driver.reason.endswith("is broken")
    driver.told(well, ASLEEP if well in (2107, 2108) else WELL)
    assert driver.is_ready
    assert driver.count(have.Sync) == 1


@pytest.mark.parametrize(
    ("code", "text"), [(2104, WELL.replace("usfarm", "eufarm")), (2106, WELL), (2119, WELL)]
)
def test_another_farm_being_well_heals_nothing(code: int, text: str) -> None:
    driver = ready()
    driver.told(2103, BROKEN)
    driver.told(code, text)
    assert not driver.is_ready


@pytest.mark.parametrize("code", [2107, 2108, 2119, 2104, 2106, 2158, 2100, 399, 202])
def test_harmless_notices_change_nothing(code: int) -> None:
    driver = ready()
    assert driver.told(code, WELL) == []
    assert driver.is_ready


def test_a_farm_that_broke_while_the_lists_were_read_keeps_the_connection_from_being_ready() -> (
    None
):
    driver = Driver()
    driver.feed(have.Waited(0))
    driver.told(2105, BROKEN)
    driver.well()
    driver.well()
    assert "usfarm.nj" in driver.reason


@pytest.mark.parametrize(("broken", "well"), [(2103, 2104), (2105, 2106), (2157, 2158)])
def test_a_broken_farm_is_said_once_until_it_is_well(broken: int, well: int) -> None:
    driver = ready()
    cleared = driver.count(have.Clear)
    driver.told(broken, BROKEN)
    driver.told(broken, BROKEN)
    driver.told(broken, BROKEN.replace("usfarm", "eufarm"))
    assert driver.alerts == [AlertKind.FARM_BROKEN]
    driver.told(well, WELL.replace("usfarm", "eufarm"))
    driver.probed(is_answered=True)
    assert driver.count(have.Clear) == cleared
    driver.told(well, WELL)
    assert driver.is_ready
    assert driver.count(have.Clear) == cleared + 1
    driver.told(broken, BROKEN)
    assert driver.alerts == [AlertKind.FARM_BROKEN] * 2


@pytest.mark.parametrize("restored", [1101, 1102])
def test_a_broken_farm_is_not_well_because_interactive_brokers_is_back(restored: int) -> None:
    driver = ready()
    driver.told(2105, BROKEN)
    driver.told(1100)
    driver.told(restored)
    for _ in range(6):
        driver.well()
    assert "the farm usfarm.nj" in driver.reason
    driver.told(2106, WELL)
    assert driver.is_ready


def test_a_new_connection_is_told_of_its_farms_anew() -> None:
    driver = ready()
    driver.told(2103, BROKEN)
    driver.feed(have.Lost(1, "closed"))
    driver.until_ready()
    assert driver.state.farms == frozenset()


def test_a_competing_session_is_not_fought() -> None:
    driver = ready()
    commands = driver.told(10197)
    assert [type(each) for each in commands] == [have.Say]
    assert "another session of the same login has the market data" in driver.reason
    assert driver.alerts == [AlertKind.COMPETING_SESSION]


def test_a_competing_session_is_over_when_the_data_farm_is_well_again() -> None:
    driver = ready()
    driver.told(10197)
    driver.told(2104, WELL)
    assert isinstance(driver.task, have.Sync)
    assert not driver.is_ready
    driver.well()
    assert driver.is_ready


@pytest.mark.parametrize("code", [2106, 2158, 2107, 2108])
def test_other_farms_tell_nothing_of_a_competing_session(code: int) -> None:
    driver = ready()
    driver.told(10197)
    assert driver.told(code, WELL) == []
    assert not driver.is_ready


@pytest.mark.parametrize(
    ("code", "text"), [(10197, "No market data during competing live session"), (321, READ_ONLY)]
)
def test_what_is_told_while_the_lists_are_read_outlasts_them(code: int, text: str) -> None:
    driver = ready()
    driver.told(1102)
    while not isinstance(driver.task, have.Sync):
        driver.well()
    driver.told(code, text)
    driver.synced(Answer.COMPLETE)
    assert not driver.is_ready


def test_a_competing_session_is_over_after_1102_and_the_lists() -> None:
    driver = ready()
    driver.told(10197)
    driver.told(1102)
    driver.until_ready()
    assert driver.state.epoch == 1


def trying() -> Driver:
    """A session competes, and after a while a bar is asked for."""
    driver = ready()
    driver.told(10197)
    driver.probed(is_answered=True)
    assert isinstance(driver.task, have.Wait)
    driver.probed(is_answered=True)
    assert isinstance(driver.task, have.Try)
    assert "another session" in driver.reason
    return driver


def test_a_competing_session_is_over_when_a_bar_came_and_the_lists_were_read_anew() -> None:
    driver = trying()
    driver.well()
    assert isinstance(driver.task, have.Sync)
    assert not driver.is_ready
    driver.well()
    assert driver.is_ready


def test_lists_without_market_data_never_end_a_competing_session() -> None:
    driver = trying()
    reason = driver.reason
    for _ in range(3):
        driver.feed(have.Tried(driver.state.turn, has_data=False))
        driver.feed(have.Unread(1))
        driver.synced(Answer.COMPLETE)
        assert driver.reason == reason
        driver.probed(is_answered=True)
        driver.probed(is_answered=True)
        assert isinstance(driver.task, have.Try)
    driver.well()
    assert driver.until_ready().state.epoch == 1


def test_a_bar_on_its_way_proves_nothing_once_a_session_is_said_to_compete_again() -> None:
    driver = trying()
    late = have.Tried(driver.state.turn, has_data=True)
    assert driver.told(162, "Trading TWS session is connected from a different IP address") != []
    driver.feed(late)
    assert isinstance(driver.task, have.Wait)
    assert not driver.is_ready


def test_a_bar_is_not_waited_for_when_the_farm_says_first_that_it_is_well() -> None:
    driver = trying()
    driver.told(2104, WELL)
    assert isinstance(driver.task, have.Sync)


def test_an_unreadable_message_while_a_bar_is_asked_for_needs_the_lists_anew() -> None:
    driver = trying()
    driver.feed(have.Unread(1))
    driver.told(2104, WELL)
    assert not driver.is_ready
    assert driver.until_ready().count(have.Sync) == 2


def test_bars_that_are_refused_because_of_a_session_elsewhere_tell_of_it() -> None:
    driver = ready()
    driver.told(162, "Trading TWS session is connected from a different IP address")
    assert driver.alerts == [AlertKind.COMPETING_SESSION]
    assert "another session" in driver.reason


def test_other_refusals_of_bars_tell_of_no_session() -> None:
    driver = ready()
    assert driver.told(162, "HMDS query returned no data") == []


# --- 1300, 326, 100, 502-504 ----------------------------------------------------------------------


def test_a_changed_port_is_told_and_not_followed() -> None:
    driver = ready()
    driver.told(1300, "Socket port has been reset; reconnect on the new port -4002")
    assert driver.alerts == [AlertKind.PORT_CHANGED]
    assert "new port -4002" in driver.reason
    assert "not followed" in driver.reason
    assert isinstance(driver.task, have.BackOff)


def test_a_client_id_in_use_is_tried_again_and_told_in_the_end() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    for _ in range(3):
        driver.told(326)
        assert "client id 7 is in use" in driver.reason
        assert isinstance(driver.task, have.BackOff)
        driver.well()
    assert driver.alerts == [AlertKind.CLIENT_ID_IN_USE]
    driver.until_ready()
    assert driver.state.epoch == 1


def test_too_many_messages_halve_the_rate_for_good() -> None:
    driver = ready()
    throttle, say = driver.told(100)
    assert throttle == have.Throttle(FASTEST // 2)
    assert isinstance(say, have.Say)
    assert say.kind is AlertKind.TOO_MANY_MESSAGES
    assert driver.is_ready
    driver.feed(have.Lost(1, "closed"))
    driver.until_ready()
    assert [each.rate for each in driver.commands if isinstance(each, have.Dial)] == [45, 22]


def test_the_third_time_too_many_messages_end_the_session() -> None:
    driver = ready()
    for _ in range(2):
        driver.told(100)
    assert driver.is_ready
    assert have.Close(1) in driver.told(100)
    driver.until_ready()
    assert driver.state.rate == FASTEST // 8
    driver.told(100)
    assert driver.is_ready, "breaches are counted by session"


def test_the_rate_never_falls_to_nothing() -> None:
    driver = ready()
    for _ in range(12):
        driver.told(100)
        driver.until_ready()
    assert driver.state.rate == SLOWEST


@pytest.mark.parametrize("code", [502, 503, 504])
def test_the_librarys_words_for_no_connection_end_the_link(code: int) -> None:
    driver = ready()
    assert driver.told(code)[0] == have.Close(1)
    driver.until_ready()
    assert driver.state.epoch == 2


# --- lists ----------------------------------------------------------------------------------------


def test_a_list_without_its_end_makes_the_connection_anew() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    driver.synced(Answer.NONE, "the positions' end marker did not come")
    assert driver.reason == "the positions' end marker did not come"
    assert have.Close(1) in driver.commands
    driver.until_ready()
    assert driver.state.epoch == 2


def test_lists_that_never_come_are_told_in_the_end() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    for _ in range(4):
        driver.synced(Answer.NONE, "the positions' end marker did not come")
    assert driver.alerts == [AlertKind.NOT_SYNCED]


def test_a_refused_list_is_told_and_asked_for_again_later_and_later() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    for failures in (1, 2, 3):
        driver.synced(Answer.DOUBTFUL, "the API interface is currently in Read-Only mode")
        assert "Read-Only" in driver.reason
        assert driver.task == have.BackOff(driver.state.turn, failures)
    assert driver.alerts == [AlertKind.NOT_SYNCED]
    assert driver.state.epoch == 1


def test_a_read_only_gateway_that_refused_is_not_ready_before_a_new_link() -> None:
    driver = ready()
    commands = driver.told(321, READ_ONLY)
    assert [type(each) for each in commands] == [have.Say]
    assert "is read-only and refused a request" in driver.reason
    for _ in range(9):
        driver.probed(is_answered=True)
        driver.feed(have.Waited(driver.state.turn))
        assert not driver.is_ready
    driver.told(1102)
    for _ in range(9):
        driver.well()
        assert not driver.is_ready
    driver.feed(have.Lost(1, "closed"))
    driver.until_ready()
    assert driver.alerts == [AlertKind.READ_ONLY]


def test_a_read_only_gateway_that_refuses_the_lists_is_connected_to_anew() -> None:
    driver = ready()
    driver.told(1102)
    while not isinstance(driver.task, have.Sync):
        driver.well()
    driver.told(321, READ_ONLY)
    driver.synced(Answer.DOUBTFUL, READ_ONLY)
    assert isinstance(driver.task, have.BackOff)
    assert driver.alerts == [AlertKind.READ_ONLY]
    driver.until_ready()
    assert driver.state.epoch == 2


def test_another_refusal_of_a_request_concerns_whoever_asked() -> None:
    driver = ready()
    assert driver.told(321, "Error validating request: Invalid bar size") == []
    assert driver.is_ready


def test_a_list_that_somebody_asked_for_in_vain_makes_the_connection_anew() -> None:
    driver = ready()
    driver.feed(have.Unanswered(1, "the end marker did not come"))
    assert driver.reason == "the end marker did not come"
    driver.until_ready()
    assert driver.state.epoch == 2


# --- what cannot be read --------------------------------------------------------------------------


def test_an_unreadable_message_needs_the_lists_anew() -> None:
    driver = ready()
    driver.feed(have.Unread(1))
    assert "could not be read" in driver.reason
    assert driver.alerts == [AlertKind.UNREADABLE]
    driver.until_ready()
    assert (driver.state.epoch, driver.count(have.Sync)) == (1, 2)


def test_an_unreadable_message_among_the_lists_spoils_them() -> None:
    driver = Driver()
    driver.feed(have.Waited(0))
    driver.well()
    driver.feed(have.Unread(1))
    driver.well()
    assert not driver.is_ready
    assert isinstance(driver.task, have.BackOff)
    driver.until_ready()


def test_messages_that_can_never_be_read_are_waited_for_longer_and_longer() -> None:
    driver = ready()
    for failures in (1, 2, 3):
        driver.feed(have.Unread(1))
        assert driver.task == have.BackOff(driver.state.turn, failures)
        driver.until_ready()


def test_an_unreadable_message_at_the_start_needs_the_lists_whoever_looks() -> None:
    driver = Driver(rules(is_lasting=False, trusts_start=True))
    driver.feed(have.Waited(0))
    driver.feed(have.Unread(1))
    driver.well()
    assert not driver.is_ready
    driver.until_ready()
    assert driver.count(have.Sync) == 1


# --- another gateway ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accounts", "kind", "said"),
    [
        (frozenset({"U1"}), GatewayKind.PAPER, "manages other accounts (1) than before (1)"),
        (ACCOUNTS | {"DU2"}, GatewayKind.PAPER, "manages other accounts (2) than before (1)"),
        (ACCOUNTS, GatewayKind.LIVE, "is live and was paper"),
    ],
)
def test_another_gateway_after_a_loss_is_refused_for_good(
    accounts: frozenset[str], kind: GatewayKind, said: str
) -> None:
    driver = ready()
    driver.feed(have.Lost(1, "closed"))
    driver.well()
    driver.feed(have.Opened(2, accounts, kind))
    assert said in driver.reason
    assert "U1" not in driver.reason
    assert driver.alerts == [AlertKind.OTHER_GATEWAY]
    assert driver.state.epoch == 1
    for event in (have.Waited(driver.state.turn), have.Opened(2, ACCOUNTS, GatewayKind.PAPER)):
        assert driver.feed(event) == []
    assert not driver.is_ready


@pytest.mark.parametrize(
    ("expected", "kind", "is_taken"),
    [
        (GatewayKind.PAPER, GatewayKind.LIVE, False),
        (GatewayKind.PAPER, GatewayKind.PAPER, True),
        (GatewayKind.PAPER, GatewayKind.SIMULATED, True),
        (GatewayKind.LIVE, GatewayKind.SIMULATED, False),
        (GatewayKind.LIVE, GatewayKind.PAPER, False),
        (GatewayKind.SIMULATED, GatewayKind.LIVE, False),
        (None, GatewayKind.LIVE, True),
    ],
)
def test_a_gateway_of_another_kind_than_expected_is_refused(
    expected: GatewayKind | None, kind: GatewayKind, is_taken: bool
) -> None:
    driver = Driver(rules(expected=expected))
    driver.feed(have.Waited(0))
    driver.feed(have.Opened(1, ACCOUNTS, kind))
    assert bool(driver.state.epoch) == is_taken
    assert driver.alerts == ([] if is_taken else [AlertKind.OTHER_GATEWAY])

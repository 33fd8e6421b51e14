"""A gateway that is away by plan: nobody is told, until it should be back and is not."""

from __future__ import annotations

from sellkit.adapters.ib import happenings as have
from sellkit.core.alerts import AlertKind
from sellkit.core.portfolio import GatewayKind
from sellkit.core.upkeep import LOGIN, RESTART
from tests.adapters.machine_driver import Driver, rules

LOST = "Connectivity between IB and Trader Workstation has been lost."


def in_window(name: str = RESTART) -> Driver:
    driver = Driver(rules()).until_ready()
    driver.upkeep = name
    return driver


def refuse(driver: Driver, times: int, **sort: bool) -> None:
    for _ in range(times):
        while not isinstance(driver.task, have.Dial):
            driver.well()
        driver.feed(have.Refused(driver.state.link, "nothing listens", **sort))


def told(driver: Driver) -> list[str]:
    return [each.text for each in driver.commands if isinstance(each, have.Say)]


def test_a_restart_that_comes_back_within_its_window_is_no_alert() -> None:
    driver = in_window()
    driver.feed(have.Told(driver.state.link, 1100, LOST))
    driver.feed(have.Lost(driver.state.link, "closed"))
    refuse(driver, 5)
    driver.until_ready()
    driver.upkeep = ""
    driver.well()
    assert driver.is_ready
    assert driver.alerts == []


def test_a_gateway_that_does_not_come_back_is_an_alert_as_soon_as_the_window_is_over() -> None:
    driver = in_window()
    driver.feed(have.Lost(driver.state.link, "closed"))
    refuse(driver, 5)
    assert driver.alerts == []
    driver.upkeep = ""
    refuse(driver, 1)
    assert driver.alerts == [AlertKind.UNREACHABLE]
    refuse(driver, 5)
    assert driver.alerts == [AlertKind.UNREACHABLE]


def test_a_gateway_that_stays_cut_off_is_told_of_after_the_window_with_what_it_was_part_of() -> (
    None
):
    driver = in_window()
    driver.feed(have.Told(driver.state.link, 1100, LOST))
    driver.well()
    driver.well()
    assert driver.alerts == []
    driver.upkeep = ""
    driver.well()
    (text,) = told(driver)
    assert LOST in text
    assert text.endswith("it began during the daily restart, which is over")


def test_the_weekly_login_is_quiet_until_it_is_overdue() -> None:
    driver = in_window(LOGIN)
    driver.feed(have.Lost(driver.state.link, "closed"))
    refuse(driver, 8, is_silent=True)
    assert driver.alerts == []
    driver.upkeep = ""
    refuse(driver, 1, is_silent=True)
    assert driver.alerts == [AlertKind.SILENT]


def test_a_loss_outside_the_window_is_told_as_ever() -> None:
    driver = in_window("")
    driver.feed(have.Told(driver.state.link, 1100, LOST))
    assert driver.alerts == [AlertKind.UPSTREAM_LOST]


def test_what_was_told_before_the_window_is_not_told_again_after_it() -> None:
    driver = in_window("")
    driver.feed(have.Told(driver.state.link, 1100, LOST))
    driver.upkeep = RESTART
    driver.feed(have.Told(driver.state.link, 1100, LOST))
    driver.upkeep = ""
    driver.well()
    assert driver.alerts == [AlertKind.UPSTREAM_LOST]


def test_another_gateway_behind_the_port_is_an_alert_in_the_window_too() -> None:
    driver = in_window()
    driver.feed(have.Lost(driver.state.link, "closed"))
    while not isinstance(driver.task, have.Dial):
        driver.well()
    driver.feed(have.Opened(driver.state.link, frozenset({"U1"}), GatewayKind.LIVE))
    assert driver.alerts == [AlertKind.OTHER_GATEWAY]

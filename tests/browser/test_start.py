"""The first notebook: a gateway is chosen from the list, tested, started, and used elsewhere."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.accessibility import tab_stops
from tests.browser.lab import DARK

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.browser.lab import Lab


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def test_a_gateway_is_chosen_tested_and_where_none_runs_started(
    lab: Lab, axe: Callable[[Locator], list[str]]
) -> None:
    port = free_port()
    lab.workspace.use(port)
    lab.open("00_start_here.ipynb")
    lab.run_all()
    panel = lab.page.get_by_role("region", name="Connect")
    status, banner = panel.get_by_role("status"), panel.locator(".banner")
    expect(panel.get_by_role("radio")).to_have_count(3)
    panel.get_by_label("live").check()
    expect(status).to_contain_text("Notebooks use the profile live from now on")
    expect(banner).to_have_text("DRY RUN   profile live · not tested")
    assert not axe(panel)
    assert tab_stops(panel) == ["live", "Test the connection"]
    panel.get_by_label("demo").focus()
    lab.page.keyboard.press("Space")
    expect(status).to_contain_text("Notebooks use the profile demo from now on")
    panel.get_by_role("button", name="Test the connection").click()
    expect(status).to_have_text("There is no connection.", timeout=20_000)
    expect(panel).to_contain_text(f"leave `sellkit gateway --port {port}` running in a terminal")
    expect(panel.locator(".hint code")).to_have_text(f"sellkit gateway --port {port}")
    lab.set_theme(DARK)
    lab.shot("connect_failed_dark")
    assert not axe(panel)
    panel.get_by_role("button", name="Start a simulated gateway").click()
    expect(status).to_contain_text("The simulated gateway runs", timeout=20_000)
    expect(panel).to_contain_text("Account demo: 6 positions")
    expect(banner).to_contain_text("profile demo · account demo · simulated gateway · as of")
    lab.shot("connect_dark")
    assert not axe(panel)

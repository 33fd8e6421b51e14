"""The browser tests' own instruments see what they are there to see."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.browser.recorder import leaves_loopback, recorded_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.chromium import Driven


_ASKS = """async () => {
  const image = new Image();
  image.src = 'http://192.0.2.1/a.png';
  await new Promise((done) => { image.onerror = done; });
  await fetch('https://cdn.invalid/a.js').catch(() => 0);
}"""


def test_a_request_to_another_machine_fails_the_test(driven: Driven) -> None:
    said = "left loopback: http://192.0.2.1/a.png.*left loopback: https://cdn.invalid/a.js"
    with pytest.raises(AssertionError, match=f"(?s){said}"), recorded_page(driven) as page:
        page.evaluate(_ASKS)


def test_an_error_on_the_console_fails_the_test(driven: Driven) -> None:
    with (
        pytest.raises(AssertionError, match="console: a wrong turn"),
        recorded_page(driven) as page,
    ):
        page.evaluate("console.error('a wrong turn')")


def test_an_error_that_nobody_caught_fails_the_test(driven: Driven) -> None:
    later = (
        "new Promise((done) => { setTimeout(() => { throw Error('lost'); }); setTimeout(done); })"
    )
    with pytest.raises(AssertionError, match=r"not caught: .*lost"), recorded_page(driven) as page:
        page.evaluate(later)


@pytest.mark.parametrize(
    "address", ["http://192.0.2.1/", "wss://cdn.test/x", "http://example.test"]
)
def test_an_address_elsewhere_leaves_loopback(address: str) -> None:
    assert leaves_loopback(address)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8888/lab", "ws://localhost:1/api", "data:,x", "blob:null/1"]
)
def test_an_address_here_does_not(address: str) -> None:
    assert not leaves_loopback(address)


def test_axe_finds_a_nameless_button_and_faint_text(
    page: Page, axe: Callable[[Locator], list[str]]
) -> None:
    page.set_content("<main><button></button><p style='color:#ccc'>faint</p><p>clear</p></main>")
    found = axe(page.locator("main"))
    assert len(found) == 2
    assert "button-name" in "".join(found)
    assert "color-contrast" in "".join(found)


def test_other_tests_may_run_an_event_loop_while_the_browser_is_open(driven: Driven) -> None:
    async def answer() -> int:
        return 1

    assert asyncio.run(answer()) == 1
    with recorded_page(driven) as page:
        assert page.evaluate("1 + 1") == 2

"""What axe finds wrong with a part of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator

GRAVE = {"serious", "critical"}
_MARK = "data-axe-looks-here"


def grave_violations(part: Locator) -> list[str]:
    """What is serious or worse within a part of the page: names, roles, contrast.

    One line for each rule, with the elements that break it.
    """
    from axe_playwright_python.sync_playwright import Axe

    part.evaluate(f"(element) => element.setAttribute('{_MARK}', '')")
    try:
        response: dict[str, Any] = Axe().run(part.page, context=f"[{_MARK}]").response
    finally:
        part.evaluate(f"(element) => element.removeAttribute('{_MARK}')")
    return [_line(each) for each in response["violations"] if each["impact"] in GRAVE]


def _line(violation: dict[str, Any]) -> str:
    where = [
        f"{node['html'][:160]} {node.get('failureSummary', '')}" for node in violation["nodes"]
    ]
    return f"{violation['id']} ({violation['impact']}): {violation['help']}: {where[:5]}"

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


_FOCUSED = """(part) => {
  const found = document.activeElement;
  if (!part.contains(found) || found === part) return null;
  const label = found.labels?.[0]?.innerText ?? found.innerText ?? '';
  const name = (found.getAttribute('aria-label') || label).trim().split('\\n')[0];
  const looks = () => [found, found.parentElement].map((each) => {
    const { outline, boxShadow, borderColor, backgroundColor } = getComputedStyle(each);
    return [outline, boxShadow, borderColor, backgroundColor].join();
  }).join();
  const focused = looks();
  found.blur();
  const bare = looks();
  found.focus();
  return focused === bare ? `${name} (unseen)` : name;
}"""
_TOO_MANY = 200


def tab_stops(part: Locator) -> list[str]:
    """The names of what the Tab key reaches within a part of the page, one after the other.

    Behind a name stands "(unseen)" where nothing shows that it has the focus.
    """
    keys, stops = part.page.keyboard, list[str]()
    part.evaluate("(part) => { part.tabIndex = -1; part.focus(); }")
    for _ in range(_TOO_MANY):
        keys.press("Tab")
        name: str | None = part.evaluate(_FOCUSED)
        if name is None:
            break
        stops.append(name)
    part.evaluate("(part) => part.removeAttribute('tabindex')")
    return stops

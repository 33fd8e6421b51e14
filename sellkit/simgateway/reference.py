"""The reference of scenarios and control, which ships beside the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from sellkit.errors import ConfigError

_PAGE: Final = Path(__file__).with_name("REFERENCE.md")
_HEADING: Final = re.compile(r"(?=^## )", re.MULTILINE)
# How a section is asked for: by its table, or by the last word of a command.
_NAME: Final = re.compile(r"## (?:`\[+(\w+)\]+`|(Top) level|.*`.* (\w+)`)")


def reference(section: str | None = None) -> str:
    """The reference as Markdown.

    Parameters
    ----------
    section
        The name of a table, `faults` for instance, or `top`, or `ctl`; None for the whole.

    Raises
    ------
    ConfigError
        There is no such section.
    """
    page = _PAGE.read_text(encoding="utf-8")
    if section is None:
        return page
    sections = {_name(part): part.rstrip() + "\n" for part in _HEADING.split(page)[1:]}
    if section.lower() not in sections:
        raise ConfigError(f"the reference has no section {section!r}; it has {', '.join(sections)}")
    return sections[section.lower()]


def _name(part: str) -> str:
    heading = part.partition("\n")[0]
    found = _NAME.match(heading)
    return heading if found is None else str(found[found.lastindex or 0]).lower()

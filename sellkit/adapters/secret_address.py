"""Texts without the parts of an address that is a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from sellkit.core.redaction import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORT: Final = 3
"""What is no longer is hidden only where it stands alone: a figure of it is no secret."""


def without_secrets(text: str, urls: Iterable[str]) -> str:
    """A text without these addresses, whole or in part, as they are written or encoded."""
    parts = {part for url in urls if url for part in _parts(url)}
    for part in sorted(parts, key=len, reverse=True):
        found = re.escape(part)
        if len(part) <= _SHORT:
            found = rf"(?<![A-Za-z0-9]){found}(?![A-Za-z0-9])"
        text = re.sub(found, SECRET, text)
    return text


def _parts(url: str) -> set[str]:
    """Everything of an address that may be a secret: user, password, host, path, values."""
    whole = {url}
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:  # no address at all: every word of it may be the secret
        return whole | set(re.split(r"[/:@?&=\s]+", url)) - {""}
    host = "" if split.netloc.endswith("127.0.0.1") else (split.hostname or "")
    pieces = [split.netloc, split.username, split.password, host, split.path, split.query]
    pieces += [*split.path.split("/"), split.fragment, *split.netloc.split("@")]
    pieces += [value for _, value in parse_qsl(split.query)]
    found = {each for each in pieces if each} - {"" if port is None else str(port)}
    found |= {unquote(each) for each in found} | {quote(each, safe="") for each in found}
    return whole | {each for each in found if each.strip("/")}

"""What no text file of the project may say: where somebody's machine keeps things."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

from tests.architecture.source import ROOT, Offence

# The first part of an absolute path, not the middle of an address or of a relative one.
_MACHINE = re.compile(
    r"(?<![\w.~})/-])/(work|root|tmp|home/\w+|Users/\w+|private/var)(/|$|(?=[\s\"'`]))"
)
_SHARED = re.compile(r"""shared["']?\s*[/,]\s*["']?data""")
_GENERATED = {"uv.lock", "requirements.lock"}
_KNOWS_SHARED = "tests/conftest.py"


def machine_paths(text: str, path: str) -> list[Offence]:
    """Lines with an absolute path of some machine."""
    return _lines(_MACHINE, text, path, "a path of one machine")


def shared_data(text: str, path: str) -> list[Offence]:
    """Lines of code that name the place of the real data, which one line alone may know."""
    if path == _KNOWS_SHARED or not path.endswith((".py", ".ipynb", ".toml")):
        return []
    return _lines(_SHARED, text, path, f"the place of the real data stands in {_KNOWS_SHARED} only")


def text_files() -> Iterator[tuple[str, str]]:
    """Relative path and content of every text file that git has or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    for path in sorted(set(listed.stdout.split("\0"))):
        if path and path not in _GENERATED and (ROOT / path).is_file():
            content = (ROOT / path).read_bytes()
            if b"\0" not in content:
                yield path, content.decode("utf-8", errors="replace")


def _lines(pattern: re.Pattern[str], text: str, path: str, what: str) -> list[Offence]:
    return [
        Offence(path, number, f"{what}: {line.strip()[:60]}")
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]

"""The commands that a page of documentation tells people to type, and the files it links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

_SHELLS = {"", "bash", "console", "powershell", "sh", "shell"}
_SEPARATOR = re.compile(r"&&|\|\||[;|]")
_LINK = re.compile(r"""\]\(\s*<?([^\s<>)]+)|\b(?:src|href)=["']([^"']+)""")
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
_ELSEWHERE = re.compile(r"[a-z][a-z+.-]*:|//|#", re.IGNORECASE)
_NOT_A_WORD = ("-", "<", "[", ".", "…")

Commands = Mapping[str, "Commands"]  # each with its own subcommands, if it has any


def commands(markdown: str) -> Iterator[list[str]]:
    """The words of each command in inline code and in blocks for a shell."""
    for line in _code(markdown):
        for part in _SEPARATOR.split(line.removeprefix("$ ").removeprefix("> ")):
            words = _words(part)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]  # a variable set for this command
            if words:
                yield words


def unknown_targets(markdown: str, makefile: str) -> list[str]:
    """`make` commands that name a target which the Makefile does not have."""
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, flags=re.MULTILINE))
    return [
        shlex.join(words)
        for words in commands(markdown)
        if words[0] == "make"
        for word in words[1:]
        if "=" not in word and not word.startswith(_NOT_A_WORD) and word not in targets
    ]


def missing_files(markdown: str, folder: Path) -> list[str]:
    """Links and pictures that name a file which is not there; `folder` is the page's own."""
    prose = _CODE.sub("", markdown)
    targets = [link or attribute for link, attribute in _LINK.findall(prose)]
    return [
        target
        for target in targets
        if not _ELSEWHERE.match(target) and not (folder / _file(target)).exists()
    ]


def unknown_subcommands(markdown: str, known: Commands) -> list[str]:
    """`sellkit` commands that name a subcommand which the command line does not have."""
    return [
        shlex.join(words)
        for words in commands(markdown)
        if (rest := _after_sellkit(words)) and not _is_known(rest, known)
    ]


def _file(target: str) -> str:
    return unquote(re.split(r"[#?]", target, maxsplit=1)[0])


def _is_known(words: list[str], known: Commands) -> bool:
    if not known or not words or words[0].startswith(_NOT_A_WORD):
        return True
    return words[0] in known and _is_known(words[1:], known[words[0]])


def _after_sellkit(words: list[str]) -> list[str]:
    if words[0].replace("\\", "/").rpartition("/")[2] in {"sellkit", "run_sellkit.ps1"}:
        return words[1:]
    if words[1:3] == ["-m", "sellkit"]:
        return words[3:]
    return []


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line.replace("\\", "/"), comments=True)
    except ValueError:  # an apostrophe in a comment, say
        return line.partition("#")[0].split()


def _code(markdown: str) -> Iterator[str]:
    language = None
    for line in markdown.splitlines():
        fence = re.match(r"\s*```(\w*)", line)
        if fence:
            language = fence[1] if language is None else None
        elif language is None:
            yield from re.findall(r"`([^`]+)`", line)
        elif language in _SHELLS:
            yield line.strip()


def api_names(markdown: str) -> Iterator[tuple[str, list[str]]]:
    """The rows of the page on the API: a module, or `the desk`, and the names that it offers."""
    page = markdown.partition("## The API on a page\n")[2].partition("\n## ")[0]
    for line in page.splitlines():
        cells = [each.strip() for each in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 2 and "`" in cells[1]:
            yield cells[0].strip("`"), re.findall(r"`(\w+)`", cells[1])

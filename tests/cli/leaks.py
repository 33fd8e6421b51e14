"""Looks for texts that must stand nowhere: in every file, packed ones unpacked."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path


def leaks(folder: Path, *texts: str, but: tuple[Path, ...] = ()) -> list[str]:
    """Where one of the texts stands, as it is or as JSON writes it; `but` is left out."""
    forms = {form for text in texts for form in (text, json.dumps(text)[1:-1])}
    return [
        f"{name}: {form}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(path.is_relative_to(each) for each in but)
        for name, content in unpacked(str(path.relative_to(folder)), path.read_bytes())
        for form in forms
        if form.encode() in content or form.encode() in name.encode()
    ]


def unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """A file, and what is packed in it."""
    yield name, content
    if content.startswith(b"\x1f\x8b"):
        yield f"{name}, unpacked", gzip.decompress(content)
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for each in archive.namelist():
                yield f"{name}, {each}", archive.read(each)

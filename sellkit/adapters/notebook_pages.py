"""Executed notebooks as HTML, by nbconvert; the extra `lab` brings it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError, DataError

if TYPE_CHECKING:
    from pathlib import Path

_CHART: Final = "application/vnd.plotly.v1+json"
_SHOWN: Final = ("text/html", "image/svg+xml", "image/png", "image/jpeg", "text/plain")
_INSTEAD: Final = "a chart, which needs JupyterLab: open the notebook"


class NotebookPages:
    """Makes the body of a page from an executed notebook.

    Raises
    ------
    ConfigError
        When it is made: nbconvert is not installed.
    """

    def __init__(self) -> None:
        if find_spec("nbconvert") is None:
            raise ConfigError(
                "pages of notebooks need nbconvert, which is not installed: "
                'pip install "sellkit[lab]"'
            )
        from nbconvert.exporters import HTMLExporter  # noqa: PLC0415  (not every install has it)

        # This template is the cells alone: no style sheet of 250 kB, no script from a CDN.
        self._exporter = HTMLExporter(template_name="basic")  # type: ignore[no-untyped-call]

    def body(self, content: bytes) -> str:
        """The cells of a notebook as HTML.

        Raises
        ------
        DataError
            It is no notebook.
        """
        import nbformat  # noqa: PLC0415  (as above)

        try:
            notebook = nbformat.reads(content.decode(), as_version=4)  # type: ignore[no-untyped-call]
            for cell in notebook.cells:
                for output in cell.get("outputs", ()):
                    _replace_chart(output.get("data", {}))
            body, _ = self._exporter.from_notebook_node(notebook)
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise DataError(f"it cannot be shown as a notebook ({error})") from error
        return str(body)


def stamped(path: Path, stamp: str) -> bool:
    """Whether a page was written to its end from the very same, which its last line says."""
    if not path.is_file():
        return False
    wanted = f"{stamp}\n".encode()
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(wanted)))
        return file.read() == wanted


def _replace_chart(data: dict[str, object]) -> None:
    """Say where a chart is to be seen that came without a picture; no script draws it here."""
    if _CHART in data:
        del data[_CHART]
        if not any(each in data for each in _SHOWN):
            data["text/plain"] = _INSTEAD

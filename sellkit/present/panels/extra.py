"""What a panel says in its own place when a package that it needs is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from sellkit.present.hypertext import Html


def missing_lab() -> Html | None:
    """One line with what to install; None when everything is there."""
    if find_spec("anywidget") is not None:
        return None
    said = 'This panel needs anywidget: pip install "sellkit[lab]", then restart the kernel.'
    return Html(f'<p role="alert">{said}</p>', said)

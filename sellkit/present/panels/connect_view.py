"""The widget of the panel that chooses a gateway."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from sellkit.present.panels.script import script, style


class ConnectView(anywidget.AnyWidget):
    """A list of profiles, a test, and what it found; it decides nothing.

    Attributes
    ----------
    heading
        Mode and conditions, and the colour of the line.
    choices
        The profiles: name, kind, address, what it means, and its colour.
    state
        Which is chosen, what was found, the status, whether a simulated gateway can be started, and
        the number of the message that this answers.
    """

    _esm = script("shared", "connect")
    _css = style("shared", "connect")

    heading = traitlets.Dict().tag(sync=True)
    choices: traitlets.List[dict[str, str]] = traitlets.List().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)


def show(**traits: Any) -> ConnectView:  # noqa: ANN401  (traits are of many types)
    """A view with these first traits."""
    return ConnectView(**traits)

"""The widget of the panel that assigns averages: what the browser shows, and what it is told."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from sellkit.present.panels.script import script, style


class AssignView(anywidget.AnyWidget):
    """A table with a selector in each row; it decides nothing.

    Each act of the person comes as a message `{"do": ..., "number": ...}`; the answer is a change
    of the traits.

    Attributes
    ----------
    heading
        Mode and conditions, and the colour of the line.
    choices
        The labels of the 28 averages.
    rows
        What `Line.record` gives, in the order of the table.
    state
        By row what is saved and chosen; how many are changed, can one undo; and the number of the
        message that it answers.
    sparks
        By token, for each choice a line that shows how it did against holding; of the rows whose
        lists somebody looked at.
    said
        The lines of the status, and their tone.
    ask
        What waits for a yes or no: nothing, a preview of the file, or a conflict.
    """

    _esm = script("shared", "assign_rows", "assign_question", "assign")
    _css = style("shared", "assign")

    heading = traitlets.Dict().tag(sync=True)
    choices: traitlets.List[str] = traitlets.List().tag(sync=True)
    rows: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    sparks = traitlets.Dict().tag(sync=True)
    said = traitlets.Dict().tag(sync=True)
    ask = traitlets.Dict().tag(sync=True)


def show(**traits: Any) -> AssignView:  # noqa: ANN401  (traits are of many types)
    """A view with these first traits."""
    return AssignView(**traits)

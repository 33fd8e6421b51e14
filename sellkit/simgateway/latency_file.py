"""Reads how long kinds of messages take.

A table `[[latency]]` for a kind of message, in real seconds; one of these forms:

    message, seconds                         always the same
    message, low, high                       anything between, evenly
    message, mean, low, high                 exponential
    message, median, sigma, low, high        lognormal: a long tail; sigma 1 if absent
    message, least, alpha, high              pareto: a longer one; alpha 1.5 if absent

In those with a tail `low` is what comes on top, and `high` the most that a message ever takes; both
may be absent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.simgateway.fault_file import read_kind
from sellkit.simgateway.kinds import ANY
from sellkit.simgateway.latency import Latency, Spread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sellkit.simgateway.table import Table

_FIXED: Final = "seconds"


class _Form(NamedTuple):
    """A distribution by the key of its scale: its shape's key, if it has one, and the default."""

    spread: Spread
    shape_key: str | None = None
    shape: float = 0.0


_FORMS: Final = {
    "mean": _Form(Spread.EXPONENTIAL),
    "median": _Form(Spread.LOGNORMAL, "sigma", 1.0),
    "least": _Form(Spread.PARETO, "alpha", 1.5),
}


def read_latencies(tables: Iterable[Table]) -> tuple[Latency, ...]:
    """The latencies of a scenario, at most one for each kind of message.

    Raises
    ------
    ConfigError
        A key is unknown, missing or wrong, or a kind stands there twice.
    """
    found: dict[str, Latency] = {}
    for table in tables:
        latency = _read_latency(table)
        if latency.message in found:
            table.fail("message", f"has a latency already: {latency.message}")
        found[latency.message] = latency
    return tuple(found.values())


def _read_latency(table: Table) -> Latency:
    direction, message = read_kind(table, table.required_text("message"))
    if message == ANY:
        table.fail("message", "must be one kind of message")
    fixed, low, high = table.seconds(_FIXED), table.seconds("low"), table.seconds("high")
    tail, scale, shape = _read_tail(table)
    table.end()
    # Without a tail 'high' is a form of its own, with one a bound.
    forms = (fixed is not None) + (tail is not None) + (high is not None and tail is None)
    if forms != 1:
        others = ", ".join(repr(key) for key in ("high", *_FORMS))
        table.fail(_FIXED, f"or one of {others} must be given, exactly one of them")
    if fixed is not None and low is not None:
        table.fail("low", "goes with 'high' or with a distribution that has a tail")
    least = low or 0.0 if fixed is None else fixed
    if high is not None and high < least:
        table.fail("high", f"must not be below 'low', that is {least:g}")
    return Latency(
        direction=direction,
        message=message,
        low=least,
        high=high,
        spread=Spread.EVEN if tail is None else tail.spread,
        scale=scale,
        shape=shape,
    )


def _read_tail(table: Table) -> tuple[_Form | None, float, float]:
    """The distribution with a tail that a table describes, its scale and its shape."""
    given: list[tuple[_Form, float, float]] = []
    for key, form in _FORMS.items():
        scale = table.positive(key)
        shape = None if form.shape_key is None else table.positive(form.shape_key)
        if scale is not None:
            given.append((form, float(scale), form.shape if shape is None else float(shape)))
        elif shape is not None:
            table.fail(str(form.shape_key), f"goes with {key!r}")
    if len(given) > 1:
        table.fail(_FIXED, "or one distribution must be given, exactly one of them")
    return given[0] if given else (None, 0.0, 0.0)

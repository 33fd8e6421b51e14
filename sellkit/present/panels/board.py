"""What stands above and below the table of a live desk, as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from sellkit.present import hypertext as h
from sellkit.present import words
from sellkit.present.alerts import alert_lines
from sellkit.present.columns import Cell, Tone
from sellkit.present.grid.ticking import since, until
from sellkit.present.heading import two_clocks
from sellkit.present.orders import order_line

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from sellkit.core.portfolio import OpenOrder
    from sellkit.core.standing import Standing
    from sellkit.core.tickets import TicketRecord
    from sellkit.core.watched import Watched
    from sellkit.present.panels.state import DeskState

# A shape beside the colour, for whoever does not tell colours apart.
_LIGHTS: Final = {"well": ("#2e9d62", "●"), "broken": ("#d0453c", "▲"), "unknown": ("#888", "○")}

STYLE: Final = """<style>
.sellkit-board{display:flex;flex-wrap:wrap;gap:4px 22px;align-items:baseline;font-size:13px;
 line-height:1.5;color:var(--jp-ui-font-color1,inherit)}
.sellkit-board .shape{margin-right:5px}
.sellkit-board .more,.sellkit-under .more{color:var(--jp-ui-font-color2,#666)}
.sellkit-board .deaf{border-left:4px solid #c98a00;padding-left:8px}
.sellkit-board b{font-weight:600}
.sellkit-board [role=timer]{font-variant-numeric:tabular-nums;font-weight:600}
.sellkit-under{font-size:12.5px;line-height:1.5;color:var(--jp-ui-font-color1,inherit)}
.sellkit-under ul{margin:2px 0;padding-left:1.4em}
.sellkit-under .alert{border-left:4px solid #c98a00;padding:2px 10px;margin:2px 0}
.sellkit-under .halt{border-left:4px solid #b3261e;padding:2px 10px;margin:2px 0}
.sellkit-under p{margin:4px 0}
.sellkit-under summary{cursor:pointer}
</style>"""


def lights(standing: Standing | None, broken_farms: Sequence[str], trouble: str) -> str:
    """How the connection and the data farms are.

    Parameters
    ----------
    standing
        None while there is no connection.
    trouble
        Why there is none; "" while it is being made.
    """
    if standing is None:
        state = "broken" if trouble else "unknown"
        words_of = trouble or "connecting ..."
        return _light("connection", state, words_of) + _light("data farms", "unknown", "")
    if broken_farms:
        farms = f"broken: {', '.join(broken_farms)}"
        return _light("connection", "well", "") + _light("data farms", "broken", farms)
    if not standing.is_ready:
        # A connection tells its times by the machine's clock, whatever the desk lives by.
        told = f"{escape(standing.reason)} (for {since(standing.since, by_machine=True)})"
        return _light("connection", "broken", "", told) + _light("data farms", "unknown", "")
    return _light("connection", "well", "") + _light("data farms", "well", "")


def _light(name: str, state: str, text: str, markup: str = "") -> str:
    colour, shape = _LIGHTS[state]
    told = markup or escape(text) or {"well": "well", "unknown": "not known"}[state]
    return (
        f'<span data-light="{name}" data-state="{state}">'
        f'<span class="shape" style="color:{colour}" aria-hidden="true">{shape}</span>'
        f"<b>{name}</b> {told}</span>"
    )


def next_decision(at: dt.datetime | None, exchange: str) -> str:
    """How long it is to the next decision, going on by itself."""
    if at is None:
        return '<span><b>next decision</b> <span class="more">not known</span></span>'
    when = two_clocks(at, exchange)
    left = until(at, "its bar is being completed")
    return f'<span><b>next decision</b> {left} <span class="more">{when}</span></span>'


def deaf() -> str:
    """That a click waits, and what does not."""
    told = "a cell is running: Halt is heard when it ends; at once, in a terminal:"
    return f'<span class="deaf">▲ {told} <code>sellkit halt</code></span>'


def board(*parts: str) -> str:
    """Parts beside each other, as far as there is room."""
    return f'{STYLE}<div class="sellkit-board">{"".join(parts)}</div>'


def arming(state: DeskState) -> str:
    """Whether a live run would send, and what it lacks."""
    if state.is_armed:
        return _under(f"<b>{escape(state.arming)}</b>: a live run sends what every gate lets pass")
    lines = "".join(f"<li>{escape(each)}</li>" for each in state.lacks) or "<li>it is halted</li>"
    head = f"<b>dry run</b> · {escape(state.arming)}: no run sends an order"
    summary = f'<summary>{head} <span class="more">(why)</span></summary>'
    return _under(f"<details>{summary}<ul>{lines}</ul></details>")


def halted(state: DeskState, resume: str) -> str:
    """That a halt is in force, and how it ends; "" while there is none."""
    if state.halt is None:
        return ""
    halt = str(state.halt)
    told = f"<b>{escape(halt[0].upper() + halt[1:])}.</b> Nothing is sent by any process. "
    told += (
        "Orders that are in the market already stay there: cancel them in TWS if they shall not. "
    )
    told += f"To end it, in a terminal: <code>{escape(resume)}</code>"
    return f'<div class="halt">{told}</div>'


def alerts(found: Sequence[Mapping[str, object]]) -> str:
    """The alerts that are not over, as `sellkit status` tells them; "" without any."""
    lines = "".join(f"<div>{escape(line.strip())}</div>" for line in alert_lines(found))
    return f'<div class="alert">{lines}</div>' if lines else ""


def orders(watched: Watched, tickets: Sequence[TicketRecord]) -> str:
    """Every open order of the account, and every ticket that is not settled."""
    named = {row.con_id: str(row.token) for row in watched.rows}
    found = _orders_table(watched.orders, named) if watched.orders else "<p>No open orders.</p>"
    lines = "".join(f"<li>{escape(order_line(each))}</li>" for each in tickets)
    settled = "<p>No ticket is unsettled.</p>"
    return _under(
        f"{h.sheet('', found).markup}"
        f"{f'<p><b>Tickets that are not settled</b></p><ul>{lines}</ul>' if lines else settled}"
    )


def _orders_table(found: Sequence[OpenOrder], named: Mapping[int, str]) -> str:
    titles = [h.title(text) for text in ("open orders of", "order", "valid", "status")]
    return h.table(
        titles,
        (
            h.row(
                [
                    h.row_name(Cell(named.get(each.con_id, f"contract {each.con_id}"))),
                    h.td(h.toned(_order(each))),
                    h.td(escape(each.time_in_force)),
                    h.td(escape(each.status)),
                ]
            )
            for each in found
        ),
    )


def _order(order: OpenOrder) -> Cell:
    return Cell(words.open_order(order), Tone.PLAIN if order.is_own else Tone.WARN)


def note(text: str) -> str:
    """A line that is there for whoever looks for it."""
    return _under(f'<span class="more">{escape(text)}</span>')


def announced(markup: str) -> str:
    """What a reader is told of as soon as it changes."""
    return _under(f'<div role="status">{markup}</div>')


def _under(markup: str) -> str:
    return f'{STYLE}<div class="sellkit-under">{markup}</div>'

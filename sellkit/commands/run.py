"""`sellkit run`: one hourly run, executed as a notebook that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.commands.flags import overrides
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from sellkit.operate.hourly import RunResult

HELP = "run the hour: bring bars up to date, decide, prepare tickets, keep the executed notebook"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own flags."""
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--dry-run", action="store_true", help="only prepare orders (the default)")
    mode.add_argument("--live", action="store_true", help="send orders, where the account is armed")
    when = parser.add_mutually_exclusive_group()
    when.add_argument(
        "--prepare",
        action="store_true",
        help="begin ahead of the hour: get everything ready, wait for its end, decide at once",
    )
    when.add_argument(
        "--open",
        action="store_true",
        help="at an opening: send what the close before deferred; refused at another time",
    )
    parser.add_argument(
        "--run-id", default="", metavar="ID", help="eight hex digits; made when left out"
    )
    parser.add_argument("--as-of", default="", metavar="TIME", help="a past moment, with its zone")
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a further parameter of the notebook; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Execute the notebook; 0 decided, 4 some UNDECIDED, 5 the fate of an order is open."""
    if args.live and args.as_of:
        raise ConfigError("--as-of and --live contradict each other: orders are for the present")

    if args.as_of and (args.prepare or args.open):
        flag = "--prepare" if args.prepare else "--open"
        raise ConfigError(f"--as-of and {flag} contradict each other: a past hour does not wait")

    from sellkit.wiring import refuse_unless_opened, run_notebook

    if args.open:
        refuse_unless_opened(overrides(args))
    result = run_notebook(
        overrides(args),
        as_of=args.as_of,
        extra=parameters(args.parameter),
        is_live=args.live,
        prepare=args.prepare,
        run_id=args.run_id,
    )
    print_result(result)
    return result.exit_code


def parameters(items: Sequence[str]) -> Mapping[str, object]:
    """`NAME=VALUE` texts as parameters; a value that is a Python literal becomes one."""
    found: dict[str, object] = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals or not name.isidentifier():
            raise ConfigError(f"--parameter {item!r} is not NAME=VALUE")
        found[name] = _literal(text)
    return found


def _literal(text: str) -> object:
    import ast

    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def print_result(result: RunResult) -> None:
    """Every decision with its reasons, the tickets and orders, and where the notebook is."""
    from sellkit.operate.timing import in_words
    from sellkit.present.orders import order_line

    for assignment in result.assigned:
        print(f"assigned by default: {assignment}")
    tickets = {str(each["ticker"]): each for each in result.tickets}
    width = max((len(str(each["ticker"])) for each in result.decisions), default=0)
    for decision in result.decisions:
        ticker = str(decision["ticker"])
        print(f"{decision['decision']:<9} {ticker:<{width}}  {_joined(decision['reasons'])}")
        ticket = tickets.get(ticker)
        if ticket is not None:
            print(f"{'':<9} {'':<{width}}  {_ticket_in_words(ticket)}")
    for order in result.orders:
        print(f"order {order_line(order)}")
    if parts := in_words(result.timing):
        print(f"time {parts}")
    print(f"run {result.run_id} {result.outcome}; kept in {result.notebook}")


def _joined(reasons: object) -> str:
    return "; ".join(str(each) for each in reasons) if isinstance(reasons, list | tuple) else ""


def _ticket_in_words(ticket: Mapping[str, object]) -> str:
    order = ticket["order"]
    placed = order["order"] if isinstance(order, dict) else {}
    words = f"{placed['action']} {placed['totalQuantity']} {placed['orderType']}"
    reasons = _joined(ticket["reasons"])
    return f"ticket {words}: {ticket['verdict']}" + (f", {reasons}" if reasons else "")

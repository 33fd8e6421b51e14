"""The two rules about orders: one maker of approved tickets, and no way to place an order."""

from __future__ import annotations

import ast

from tests.architecture.source import Offence, calls, parse

MAKER = "sellkit/core/gates.py"
PLACING = ("placeOrder", "placeOrderAsync")
SIMULATION = "sellkit/simgateway/"  # a gateway must know the message that it answers


def makers(text: str, path: str) -> list[Offence]:
    """Calls that construct an `ApprovedTicket` anywhere but in the gates."""
    if path == MAKER:
        return []
    return [
        Offence(path, call.lineno, f"only {MAKER} constructs an ApprovedTicket")
        for call, name in calls(parse(text))
        if name.rpartition(".")[2] == "ApprovedTicket" or _copies_approval(call, name)
    ]


def placements(text: str, path: str) -> list[Offence]:
    """Mentions of the client's order call: as attribute, name, or the text given to `getattr`."""
    if path.startswith(SIMULATION):
        return []
    found = []
    for node in ast.walk(parse(text)):
        match node:
            case ast.Attribute(attr=word) | ast.Name(id=word) | ast.Constant(value=str(word)):
                if word in PLACING:
                    found.append(Offence(path, node.lineno, f"nothing may reach {word}"))
            case ast.alias(name=word) if word.rpartition(".")[2] in PLACING:
                found.append(Offence(path, node.lineno, f"nothing may reach {word}"))
    return found


def _copies_approval(call: ast.Call, name: str) -> bool:
    """`object.__new__(ApprovedTicket)` and the like, which would go round the constructor."""
    if name.rpartition(".")[2] != "__new__":
        return False
    return any(isinstance(each, ast.Name) and each.id == "ApprovedTicket" for each in call.args)

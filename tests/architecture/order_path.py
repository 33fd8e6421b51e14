"""The two rules about orders: one maker of approved tickets, and one module that places any."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.architecture.source import Offence, calls, parse

MAKER = "sellkit/core/gates.py"
SENDER = "sellkit/adapters/ib/orders/sending.py"
ROUTE = "sellkit/adapters/ib/orders/route.py"
# The one other user of the sender: one share, far below the market, where there is no money.
PROBE = "sellkit/adapters/ib/orders/probing.py"
PROBE_MAKERS = {
    "ProbeOrder": [PROBE],
    "IbProbeLine": ["sellkit/adapters/ib/probing.py"],
    "ProbingBroker": [],  # by `connect` alone
}
PROBE_CONNECTS = ["sellkit/wiring/probing.py"]
PLACING = ("placeOrder", "placeOrderAsync")
SIMULATION = "sellkit/simgateway/"  # a gateway must know the message that it answers
TOUR = "notebooks/60_gateway_tour.ipynb"  # a client's orders to the gateway that it starts itself
OWN_GATEWAY = ("gateway.host", "gateway.port")


def makers(text: str, path: str) -> list[Offence]:
    """Calls that construct an `ApprovedTicket` anywhere but in the gates."""
    if path == MAKER:
        return []
    return [
        Offence(path, call.lineno, f"only {MAKER} constructs an ApprovedTicket")
        for call, name in calls(parse(text))
        if name.rpartition(".")[2] == "ApprovedTicket" or _copies_approval(call, name)
    ]


def constructed(name: str, sources: Iterable[tuple[str, str]]) -> list[str]:
    """The files in which a class of that name is called, each as often as it is."""
    return [
        path
        for path, text in sources
        for _call, called in calls(parse(text))
        if called.rpartition(".")[2] == name
    ]


def placements(text: str, path: str) -> list[Offence]:
    """Mentions of the client's order call: as attribute, name, or the text given to `getattr`."""
    if path == SENDER or path.startswith(SIMULATION):
        return []
    found = []
    for node in ast.walk(parse(text)):
        match node:
            case ast.Attribute(attr=word) | ast.Name(id=word) | ast.Constant(value=str(word)):
                if word in PLACING:
                    found.append(Offence(path, node.lineno, f"only {SENDER} may reach {word}"))
            case ast.alias(name=word) if word.rpartition(".")[2] in PLACING:
                found.append(Offence(path, node.lineno, f"only {SENDER} may reach {word}"))
    return found


def leads_elsewhere(cells: Iterable[str]) -> list[str]:
    """What lets the cells of the tour trade anywhere but on the gateway that they start.

    Each connection goes to `gateway`, which is set once, by `serve`; nothing of sellkit's that
    connects to a broker is imported.
    """
    trees = [parse(cell) for cell in cells]
    found = [
        f"{name}: only simgateway and present may be imported"
        for tree in trees
        for name in _sellkit_modules(tree)
        if not name.startswith(("sellkit.simgateway.", "sellkit.present."))
    ]
    for call, name in (each for tree in trees for each in calls(tree)):
        given = tuple(ast.unparse(each) for each in call.args)
        if name.rpartition(".")[2].startswith("connect") and given[:2] != OWN_GATEWAY:
            found.append(f"{ast.unparse(call)}: connects to no gateway of its own")
    made = [each for tree in trees for each in _values_of("gateway", tree)]
    if len(made) != 1 or "serve(" not in made[0]:
        found.append(f"gateway is set to {made}, not once by serve")
    return found


def _sellkit_modules(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sellkit"):
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("sellkit"))


def _values_of(name: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and name in map(ast.unparse, node.targets):
            yield ast.unparse(node.value)


def _copies_approval(call: ast.Call, name: str) -> bool:
    """`object.__new__(ApprovedTicket)` and the like, which would go round the constructor."""
    if name.rpartition(".")[2] != "__new__":
        return False
    return any(isinstance(each, ast.Name) and each.id == "ApprovedTicket" for each in call.args)

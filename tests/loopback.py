"""The guard that keeps tests on this machine: an audit hook that refuses every other address.

The interpreter reports each connection and each name look-up to its audit hooks before it happens,
whichever library asked, so nothing has to be patched. A hook belongs to one process: kernels and
other child processes are not watched.
"""

from __future__ import annotations

import ipaddress
import socket

OWN_NAMES = frozenset({"", "localhost"})


class LeftLoopback(RuntimeError):
    """A test reached for another machine. Not an OSError, which the product may rightly catch."""


def stays_here(address: object) -> bool:
    """Whether an address given to `connect` or `sendto` is this machine's own."""
    if not isinstance(address, tuple):  # the path of a Unix socket, or none at all
        return True
    host = _text(address[0])
    if host in OWN_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def resolves_here(host: object) -> bool:
    """Whether a host can be looked up without the answer leading anywhere else."""
    if host is None:
        return True
    name = _text(host)
    if name in OWN_NAMES or name == socket.gethostname():
        return True
    if name.endswith(".invalid"):  # RFC 6761: such a name never exists
        return True
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def refuse_other_machines(event: str, arguments: tuple[object, ...]) -> None:
    """The audit hook, for `sys.addaudithook`."""
    if not event.startswith("socket."):
        return
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        if not stays_here(arguments[1]):
            raise LeftLoopback(
                f"tests stay on this machine; {event} to {arguments[1]!r} was refused"
            )
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"} and not resolves_here(
        arguments[0]
    ):
        raise LeftLoopback(f"tests stay on this machine; looking up {arguments[0]!r} was refused")


def _text(host: object) -> str:
    return host.decode() if isinstance(host, bytes | bytearray) else str(host)

"""Takes what is to be done from standard input, a line of JSON each, and answers with one line."""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from typing import Any

# What the libraries log as an error although nothing is wrong with a message.
_HARMLESS = re.compile(
    r"(Error|Warning) \d+, reqId|API connection failed|Peer closed connection|Disconnected|"
    r"cancelOrder: Unknown orderId"
)


class Complaints(logging.Handler):
    """Whatever a library complains of: a message that it cannot decode, or place."""

    def __init__(self, root: str) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []
        logging.getLogger(root).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        raised = record.exc_info[1] if record.exc_info else None
        if record.name == "ibapi.reader" and isinstance(raised, OSError | AttributeError):
            return  # its thread met a socket that the client itself had closed
        is_bad = record.levelno >= logging.ERROR or raised is not None
        if is_bad and not _HARMLESS.match(text):
            self.found.append(f"{record.name}: {text}")

    def take(self) -> list[str]:
        taken, self.found = self.found, []
        return taken


def read() -> dict[str, Any] | None:
    """The next thing to do; None when there is nothing more to come."""
    line = sys.stdin.readline()
    return json.loads(line) if line else None


def answer(result: object) -> None:
    print(json.dumps({"result": result}), flush=True)


def apologize() -> None:
    """Answer with the exception that is being handled."""
    print(json.dumps({"failure": traceback.format_exc()}), flush=True)

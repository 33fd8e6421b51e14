"""How trouble with one request is told to the client that sent it, and to nobody else."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.errors import SellkitError
from sellkit.simgateway.history import NOT_VALID, Refused
from sellkit.simgateway.requests import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.requests import Fields
    from sellkit.simgateway.session import Session

logger = logging.getLogger(__name__)

CANNOT_READ: Final = 320


@contextmanager
def answering(session: Session, fields: Fields) -> Iterator[None]:
    """Answer a refusal with its error; hang up on a request that cannot be read."""
    try:
        yield
    except Refused as refused:
        session.error(fields.answer_to, refused.code, refused.text)
    except BadRequest as error:
        session.error(fields.answer_to, CANNOT_READ, f"Error reading request. {error}")
        session.hang_up()
    except SellkitError as error:
        session.error(fields.answer_to, NOT_VALID, f"Error validating request: {error}")
    except Exception:
        # One request must never take the gateway, and with it every other client, down.
        logger.exception("request_failed")
        session.error(fields.answer_to, CANNOT_READ, "Error processing request: see the log")
        session.hang_up()

"""The common flags, as overrides of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from sellkit.config import Overrides


def overrides(args: argparse.Namespace) -> Overrides:
    """What the common flags say; what was not given is None."""
    from sellkit.config import Overrides

    return Overrides(
        config=args.config,
        profile=args.profile,
        host=args.host,
        port=args.port,
        client_id=args.client_id,
        account=args.account,
        data_dir=args.data_dir,
        log_dir=args.log_dir,
        concurrency=args.concurrency,
        rth=False if args.no_rth else None,
    )

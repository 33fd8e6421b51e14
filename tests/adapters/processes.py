"""Other processes for tests of files: started within milliseconds, for their server is warm."""

from __future__ import annotations

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "pytest",
        "tests.adapters.alert_kills",
        "tests.adapters.store_writers",
        "tests.adapters.store_kills",
        "tests.adapters.book_writers",
        "tests.adapters.journal_writers",
        "tests.adapters.lease_holders",
        "tests.adapters.schedule_kills",
        "tests.crash.runs",
    ]
)

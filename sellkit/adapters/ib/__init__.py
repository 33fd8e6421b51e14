"""The gateway, reached by ib_insync: the only part of sellkit that knows that library."""

import asyncio
import threading


def _import_library() -> None:
    """Import ib_insync where it can do no harm.

    While it is imported, its eventkit asks the present thread for an event loop, makes one where
    the main thread has none (which newer Pythons warn of) and fails on any other thread. A
    short-lived thread with a loop of its own spares the caller all three.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    import ib_insync  # noqa: F401, PLC0415  the import itself is the purpose

    asyncio.set_event_loop(None)
    loop.close()


_thread = threading.Thread(target=_import_library, name="sellkit-ib-import")
_thread.start()
_thread.join()

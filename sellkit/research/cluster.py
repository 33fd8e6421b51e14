"""A study on a Dask cluster: the same parts, the same numbers, elsewhere."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from sellkit.errors import ConfigError
from sellkit.research.sweep import BARS_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from sellkit.research.result import StudyResult
    from sellkit.research.sweep import Part

_WAITING: Final = 2
"""Parts that are sent ahead for each thread of the cluster, so that none waits for the next."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The workers of a Dask scheduler; each needs the same sellkit as here.

    A part that a lost worker had is done by another one. Whatever the number of instruments, only a
    few parts are on their way at once.

    Attributes
    ----------
    address
        Of the scheduler: `tcp://127.0.0.1:8786`.
    timeout_seconds
        How long the scheduler may take to answer.
    at_once
        Bars of each timeframe in a part.
    """

    address: str
    timeout_seconds: float = 30.0
    at_once: int = BARS_AT_ONCE

    def map(
        self, work: Callable[[Part], StudyResult], parts: Iterable[Part]
    ) -> Generator[StudyResult]:
        """The result of each part, in the order of the parts.

        Raises
        ------
        ConfigError
            Dask is not installed, or no scheduler answers at the address, or it has no workers.
        """
        with self._client() as client:
            threads = sum(client.nthreads().values())
            if not threads:
                raise ConfigError(
                    f"the Dask scheduler at {self.address} has no workers; start one: "
                    f"`dask worker {self.address}`"
                )
            waiting: deque[Any] = deque()
            for part in parts:
                # Not by content: the same part twice is two parts of the result.
                waiting.append(client.submit(work, part, pure=False))
                if len(waiting) >= _WAITING * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _client(self) -> Any:  # noqa: ANN401  (Dask has no types)
        if find_spec("distributed") is None:
            raise ConfigError(
                "a sweep on a cluster needs Dask, which is not installed here: "
                "`pip install 'sellkit[dask]'` adds it; without it this process does the same"
            )
        distributed = import_module("distributed")
        try:
            return distributed.Client(
                self.address, timeout=self.timeout_seconds, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"no Dask scheduler answers at {self.address!r}: {error}; "
                "`dask scheduler` starts one and prints its address"
            ) from error

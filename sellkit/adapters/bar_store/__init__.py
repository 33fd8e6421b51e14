"""Bars and averages as parquet, safe from crashes, and open to other readers as they lie.

    <folder>/origin.json                                   whom the data belong to
    <folder>/store.json                                    version of the layout
    <folder>/bars/265598-30m-TRADES-rth-clock.parquet      base: one file a series
    <folder>/segments/<time>-<process>-<chance>.parquet    new bars, one file a commit
    <folder>/revisions/<series>.parquet                    what was told of a bar before
    <folder>/quarantine/<time>-<process>-<chance>.parquet  bars that cannot be, with the reason
    <folder>/frozen/<series>.json                          told differently now, being fetched anew
    <folder>/refetch/                                      a store in which they are gathered
    <folder>/superseded/<series>~<time>.parquet            the whole series as it was before
    <folder>/damaged/                                      files that could not be read any more
    <folder>/averages/<series>.parquet                     computed tables
    <folder>/absent/<series>.json                          what the source has no bar for

Base and segment have one schema. What counts is the later fetch of each bar, wherever it lies;
`compact` folds segments into bases.
"""

from sellkit.adapters.bar_store.store import ParquetBarStore

__all__ = ["ParquetBarStore"]

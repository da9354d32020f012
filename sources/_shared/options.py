"""How a run reads: one frozen object, from the command line down to a source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `stocktake status` does not pay for Arrow
    import pyarrow as pa

    from sources._shared.records import Keys
    from sources._shared.result import ReadResult


@dataclass(frozen=True)
class Known:
    """What the warehouse knows of an account before it is read; a plain dlt pipeline knows nothing."""

    current_rows: Mapping[str, int] = field(default_factory=dict)
    """How many rows are current, per resource: what the floor is measured against."""
    missing_keys: Callable[[str, pa.Table], AbstractSet[Keys]] = lambda resource, came: frozenset()
    """The keys of those rows of a resource that are not in a table of keys."""
    current_versions: Callable[[str, Collection[Keys]], pa.Table | None] = lambda resource, keys: None
    """Those of the rows that have these keys; None where nobody can look."""
    unreadable: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Per resource, the keys of records that could not be read so far."""


@dataclass(frozen=True)
class ReadOptions:
    """How resources are read."""

    sweep: bool = False
    """Read whole now, whatever the schedule says."""
    confirm_drop: bool = False
    """Retire what a sweep did not bring, even below the floor."""
    backfill: tuple[datetime, datetime] | None = None
    """Read this window again; no mark moves, and snapshots are left out, unless children are read by them."""
    overlap: timedelta = timedelta(minutes=10)
    """The lookback: how far before the mark the next read begins."""
    sweep_every: timedelta = timedelta(hours=24)
    sweep_floor: float = 0.8
    """The share of the current rows that a sweep has to bring, to retire those that it does not."""
    base_url: str = ""
    """Where the account is asked. A sweep is due when it is another than at the last read."""
    known: Known = Known()
    journals: Path | None = None
    """Where first reads keep their pages until they have ended; None for nowhere."""
    rows_folder: Path | None = None
    """Where the rows of each resource are put into a file, for the destination that knows them
    (handover.py): history then has every version that came. None for any other destination, which gets the
    newest."""
    raise_errors: bool = True
    """Raise a resource's SourceError, as a plain dlt pipeline expects. The command line sets this to
    False: what was read is kept, the mark stays, the other resources go on, the result tells."""
    came: Callable[[ReadResult], None] = lambda result: None
    """Told after every page how far a resource's read is."""
    ended: Callable[[ReadResult], None] = lambda result: None
    """Given every resource's result as soon as its read has ended."""

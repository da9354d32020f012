"""What a reader sees of the counts: newest first, behind by the read lag, without what has gone."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from sandbox.clock import Clock
from sandbox.json_text import json_bytes
from sandbox.kit import Record
from sandbox.square.data import CountKey, SquareData
from sandbox.square.switches import SquareSwitches

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
Place: TypeAlias = tuple[int, str, str, str]
"""Where a count stands: its clock, negative for newest first; ties by key (square.md §2.1, assumed)."""


class CountsView:
    """The counts as they are served. Sorted anew only when something changed."""

    def __init__(self, data: SquareData, switches: SquareSwitches, clock: Clock) -> None:
        self._data = data
        self._switches = switches
        self._clock = clock
        self._state: tuple[object, ...] = ()
        self._records: dict[CountKey, Record] = {}
        self._places: list[Place] = []
        self._rendered: dict[CountKey, tuple[Record, bytes]] = {}

    def places(self, after: datetime | None = None) -> list[Place]:
        """Every count that moved after a moment, newest first."""
        self._refresh()
        if after is None:
            return self._places
        ticks = (after - EPOCH) // MICROSECOND
        oldest = -ticks + 1 if self._switches.updated_after_inclusive else -ticks
        return self._places[: bisect_left(self._places, (oldest, "", "", ""))]

    def render(self, key: CountKey) -> bytes:
        """The count's JSON."""
        record = self._records[key]
        if self._switches.padded_quantities:
            quantity = record["quantity"]
            return json_bytes({**record, "quantity": quantity if "." in quantity else f"{quantity}.0"})
        kept = self._rendered.get(key)
        if kept is None or kept[0] is not record:
            kept = self._rendered[key] = (record, json_bytes(record))
        return kept[1]

    def _refresh(self) -> None:
        data, journal = self._data, self._data.journal
        seen_through = len(journal)
        lag = timedelta(seconds=self._switches.read_lag_seconds)
        while seen_through and lag and self._clock.now() - journal[seen_through - 1].at < lag:
            seen_through -= 1
        switches = self._switches
        state = (data.version, seen_through, switches.counts_of_deleted, switches.counts_at_inactive)
        if state == self._state:
            return
        records: dict[CountKey, Record | None] = dict(data.counts)
        clocks = data.counted_at
        if seen_through < len(journal):
            clocks = dict(clocks)
            for change in reversed(journal[seen_through:]):
                records[change.key] = change.before
                clocks[change.key] = change.before_at
        self._records = {
            key: record for key, record in records.items() if record is not None and self._is_served(key)
        }
        self._places = sorted((-((clocks[key] - EPOCH) // MICROSECOND), *key) for key in self._records)
        self._state = state

    def _is_served(self, key: CountKey) -> bool:
        if self._switches.counts_of_deleted == "gone" and self._data.objects[key[0]]["is_deleted"]:
            return False
        at_inactive = self._data.locations[key[1]]["status"] == "INACTIVE"
        return not (self._switches.counts_at_inactive == "gone" and at_inactive)

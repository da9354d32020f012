"""What must be true of the warehouse, whatever happened: the truth so far, and what may still be unknown.

An incremental read finds what moved its provider's clock. What it cannot find by the provider's notes is kept
here as hidden, key by key: what vanished, and the few kinds of changes that leave the clock alone (`may_hide`
names them). Everything else has to be there after a run that nothing disturbed, and all of it after a sweep.
"""

import json
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.registry import PROVIDERS
from sandbox import Sandbox
from sources._shared.settings import Resource
from tests.switch_values import is_blind

Key = tuple[str, ...]
Place = tuple[str, str]
"""A provider and one of its resources."""
Row = dict[str, Any]
PRECISION = {
    "milliseconds": timedelta(seconds=1),
    "seconds": timedelta(seconds=1),
    "minutes": timedelta(minutes=1),
}
"""How far behind its moment a change may be stamped, by Sellercloud's switch; elsewhere a second."""
FLOOR = 0.8
"""The share of the known rows that a sweep must bring (docs/how_it_works.md)."""
CLOCKS = {
    ("square", "inventory_counts"): ("calculated_at",),
    ("square", "catalog_objects"): ("updated_at",),
    ("sellercloud", "inventory"): ("LastModifiedDate", "LastAggregateDate"),
    ("sellercloud", "warehouse_inventory"): ("LastModifiedDate", "LastAggregateDate"),
    ("shipstream", "total_levels"): ("updated_at",),
    ("shipstream", "warehouse_levels"): ("updated_at",),
    ("shipstream", "products"): ("updated_at",),
}
"""The fields that incremental reads go by, of resources that are asked by a window."""

BY_POSITION = {("square", "inventory_counts")}
"""What is paged by position and has no total: a removal in mid-scan hides a living record until the next
sweep (square.md §3). A sweep looks a second time for what is held."""

BY_TOTAL = {("sellercloud", "inventory"), ("sellercloud", "warehouse_inventory")}
"""What is paged by number up to a total. A removal between the halves of a first read that was broken off
hides a record until the run after it, which sweeps (docs/how_it_works.md)."""


@dataclass
class Model(ABC):
    """The truth of the sandbox over time, for the one account of each provider."""

    sandbox: Sandbox
    places: list[Place]
    truth: dict[Place, dict[Key, str]] = field(default_factory=dict)
    states: dict[Place, dict[Key, set[str]]] = field(default_factory=dict)
    """All that the record of a key ever said."""
    changed: dict[Place, dict[Key, datetime]] = field(default_factory=dict)
    """When the record of a key last changed, came or went."""
    hidden: dict[Place, dict[Key, datetime]] = field(default_factory=dict)
    """Keys of which only a sweep can find what the provider has now, and since when."""
    held: dict[Place, dict[Key, str]] = field(default_factory=dict)
    """The current records."""
    held_before: dict[Place, dict[Key, str]] = field(default_factory=dict)
    """Those before the last command."""
    marks: dict[Place, datetime] = field(default_factory=dict)
    begun: datetime = datetime(1, 1, 1, tzinfo=UTC)
    """The sandbox's clock when the last run began."""
    shifted: set[Place] = field(default_factory=set)
    """Where something vanished while it was read by position, and nothing tells what moved up meanwhile."""
    broken: set[Place] = field(default_factory=set)
    """First reads that did not end: the next run goes on with what they fetched and what they doubted."""
    noted_at: datetime = field(init=False)
    """When the providers were last looked at."""

    def __post_init__(self) -> None:
        for place in self.places:
            self.states[place] = defaultdict(set)
            self.changed[place], self.hidden[place], self.held[place] = {}, {}, {}
            self.truth[place] = self._read(place)
            for key, state in self.truth[place].items():
                self.states[place][key].add(state)
        self.noted_at = self.sandbox.clock.now()

    # What happens at the providers

    def note(self) -> None:
        """Takes down what has changed since the last time. Nothing may have been read in between."""
        now = self.sandbox.clock.now()
        for place in self.places:
            before, after = self.truth[place], self._read(place)
            for key in before.keys() | after.keys():
                if before.get(key) != after.get(key):
                    self._note(place, key, before.get(key), after.get(key), now)
            self.truth[place] = after
        self.noted_at = now

    def vanished(self, provider: str, *, while_read: bool) -> None:
        """Something vanished. Where pages go by position, another record may have been passed over.

        Args:
            while_read: a run was under way; otherwise only a first read that waits to go on is concerned.
        """
        for place in self.places:
            is_first = place not in self.marks
            hides = is_first or while_read if place in BY_POSITION else is_first and place in BY_TOTAL
            if place[0] == provider and hides:
                self.shifted.add(place)

    def forget(self, provider: str, resource: str | None) -> None:
        """A reset: the next read is a first one."""
        for place in self.places:
            if place[0] == provider and resource in (None, place[1]):
                self.marks.pop(place, None)
                self.held[place] = {}

    def died(self) -> None:
        """A run was killed: it may have left first reads that did not end."""
        self.broken |= {place for place in self.places if place not in self.marks}

    def _changed_since(self, place: Place, key: Key, moment: datetime) -> bool:
        changed = self.changed[place].get(key)
        return changed is not None and changed >= moment

    def _note(self, place: Place, key: Key, before: str | None, after: str | None, now: datetime) -> None:
        self.changed[place][key] = now
        if after is not None:
            self.states[place][key].add(after)
        if place not in CLOCKS:
            return
        if after is None:
            self.hidden[place][key] = now
        elif _clock(place, json.loads(after), self.sandbox) >= self.noted_at - self._cut(place[0]):
            self.hidden[place].pop(key, None)
        else:
            assert may_hide(place, before and json.loads(before), json.loads(after)), (
                f"the sandbox changed {place} {key} behind its clock, of which the notes say nothing:"
                f"\n{_difference_of(before, after)}"
            )
            self.hidden[place][key] = now

    def _cut(self, provider: str) -> timedelta:
        """How far behind the moment at which a change shows its clock may stand."""
        switches = self.sandbox.switches[provider]
        cut = PRECISION[getattr(switches, "precision", "seconds")]
        return cut + timedelta(seconds=getattr(switches, "read_lag_seconds", 0))

    @property
    def shows_late(self) -> bool:
        """Whether a provider shows a change some time after it."""
        return any(
            getattr(self.sandbox.switches[name], "read_lag_seconds", 0) for name in self.sandbox.providers
        )

    def _read(self, place: Place) -> dict[Key, str]:
        return {key: canonical(text) for key, text in self.sandbox.texts(*place).items()}

    # What must be true after a command

    @abstractmethod
    def look(self) -> dict[Place, dict[Key, str]]:
        """The current records of the warehouse, each in one spelling."""

    def check(self, rows: Iterable[Row]) -> None:
        """What holds after every command, however it ended.

        Args:
            rows: the sync log's, of the resources that the command read.
        """
        self.held_before, self.held = self.held, self.look()
        for place, records in self.held.items():
            for key, state in records.items():
                assert state in self.states[place][key], f"{place} {key} was never so: {state}"
            for key in self.held_before[place].keys() - records.keys() & self.truth[place].keys():
                assert self._changed_since(place, key, self.begun), f"{place} {key} is there, and was retired"
        for place in self.shifted:
            self._pass_over(place)
        self.shifted -= self.marks.keys()
        for row in rows:
            place = (row["provider"], row["resource"])
            self._check_mark(place, row)
            if row["status"] == "failed" and row["mark_before"] is None:
                self.broken.add(place)
            elif row["mode"] != "backfill":
                self.broken.discard(place)
            if row["mode"] == "sweep" and row["status"] == "ok":
                swept = _asked_at(row)
                self.hidden[place] = {k: at for k, at in self.hidden[place].items() if at >= swept}

    def check_quiet(
        self, rows: Mapping[Place, Row], begun: datetime, broken: set[Place], *, swept: bool
    ) -> None:
        """What holds after a run that nothing disturbed.

        Args:
            begun: the sandbox's clock when it began; nothing has changed since.
            broken: the first reads that had not ended by then.
            swept: it read everything whole, and may retire what it did not find.
        """
        for place in self.places:
            row = rows[place]
            where = f"{place} {row['mode']} {row['status']}"
            held = self.held[place]
            truth, hidden = self.truth[place], self.hidden[place]
            read_at = _asked_at(row)
            is_resumed = row["mark_before"] is None and (read_at < begun or place in broken)
            if row["status"] == "guarded" and not is_blind(self.sandbox.switches[place[0]]):
                known = self.held_before.get(place, {}).keys()
                is_below = not swept and (
                    row["rows_distinct"] < FLOOR * len(held) or len(known & truth.keys()) < FLOOR * len(known)
                )
                assert is_below or is_resumed, f"{where}: {row['error_message']}"
                doubted = held.keys() ^ truth.keys() if is_resumed else held.keys() - truth.keys()
                hidden = {**hidden, **dict.fromkeys(doubted, begun)}
            else:
                assert row["status"] != "failed", f"{where}: {row['error_message']}"
            for key in held.keys() | truth.keys():
                if key in hidden or (is_resumed and self._changed_since(place, key, read_at)):
                    continue
                assert held.get(key) == truth.get(key), (
                    f"{where} {key}: changed at {self.changed[place].get(key)}, read at {read_at},"
                    f" now {begun}, held and true: {_difference_of(held.get(key), truth.get(key))}"
                )

    def _pass_over(self, place: Place) -> None:
        """What the warehouse has otherwise than the provider now, of what stood when the run began."""
        held, truth = self.held[place], self.truth[place]
        for key in held.keys() | truth.keys():
            if held.get(key) != truth.get(key) and self.changed[place].get(key, self.begun) <= self.begun:
                self.hidden[place].setdefault(key, self.sandbox.clock.now())

    def _check_mark(self, place: Place, row: Row) -> None:
        where = f"{place} {row['mode']} {row['status']}"
        before, after, asked = (
            _instant(row[name]) for name in ("mark_before", "mark_after", "asked_through")
        )
        assert row["status"] in ("ok", "guarded", "failed"), where
        if (known := self.marks.get(place)) is not None:
            assert before is not None, f"{where}: the mark {known} was forgotten"
            assert before >= known, f"{where}: the mark went back from {known} to {before}"
        stays = row["status"] == "failed" or row["mode"] == "backfill"
        # A guarded sweep may move it: the next read is a sweep again, and asks for everything.
        if stays or (row["status"] == "guarded" and row["mode"] == "incremental"):
            assert after == before, f"{where}: the mark moved from {before} to {after}"
        if after is not None:
            assert after <= self.sandbox.clock.now(), f"{where}: the mark {after} lies ahead"
            if after != before:
                assert asked is not None, f"{where}: the mark {after} says more than was asked"
                assert after <= asked, f"{where}: the mark {after} says more than was asked, {asked}"
                assert before is None or after > before, f"{where}: the mark went back to {after}"
            self.marks[place] = after


def may_hide(place: Place, before: Any, after: Any) -> bool:
    """Whether the provider's notes say that such a change need not move the clock."""
    if before is None:
        # Added without ever being edited or counted (sellercloud.md §4.6), stocked (shipstream.md §4).
        return place[0] in ("sellercloud", "shipstream")
    moved = set(_moved(before, after))
    match place:
        case ("sellercloud", _):
            # A shadow, a kit, a rebate or sales by the calendar, what a custom column is called
            # (sellercloud.md §4).
            ages = {name for name in moved if "Rebate" in name or name.startswith("QtySold")}
            return bool(after["ShadowOf"] or after["IsKit"] or moved <= ages | {"CustomColumns"})
        case ("shipstream", "total_levels" | "warehouse_levels"):
            # What is advertised of a kit; the SKU in the reference to the product; perhaps what is on
            # backorder (shipstream.md §4).
            return moved <= {"qty_advertised", "product", "qty_backordered"}
        case ("square", "catalog_objects"):
            return after["type"] == "ITEM" and moved <= {
                "item_data"
            }  # variations nested in it (square.md §2)
    return False


def _difference_of(before: str | None, after: str | None) -> str:
    """The fields in which two records differ, with both values."""
    if before is None or after is None:
        return f"{before}\n{after}"
    old, new = json.loads(before), json.loads(after)
    return "\n".join(f"{name}: {old.get(name)!r}, {new.get(name)!r}" for name in _moved(old, new))


def _moved(before: Row, after: Row) -> list[str]:
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]


@lru_cache(maxsize=20_000)
def canonical(text: str | bytes) -> str:
    """A record in one spelling; of Augno's stock the numbers alone, as ids are anew in every answer."""
    record = json.loads(text)
    if record.get("object") == "item_inventory":
        record = {
            name: format(Decimal(value["value"]).normalize(), "f") if isinstance(value, dict) else value
            for name, value in record.items()
        }
    return json.dumps(record, sort_keys=True, ensure_ascii=False)


def windowed(provider: str, resources: Iterable[Resource]) -> bool:
    """Whether anything of a provider is asked for by a window."""
    return any(resource.reading != "snapshot" for resource in resources)


def _asked_at(row: Row) -> datetime:
    """When a resource was first asked in a run: where its mark would stand without its settling time."""
    asked = _instant(row["asked_through"])
    lag = PROVIDERS[row["provider"]].resource(row["resource"]).lag
    return datetime.min.replace(tzinfo=UTC) if asked is None else asked + lag


def _instant(value: Any) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _clock(place: Place, record: Row, sandbox: Sandbox) -> datetime:
    """The latest of a record's clocks; long ago where it has none."""
    found = [datetime.min.replace(tzinfo=UTC)]
    for name in CLOCKS[place]:
        if record.get(name) and not record[name].startswith("0001-"):  # a word for none
            moment = datetime.fromisoformat(record[name])
            zone = ZoneInfo(sandbox.switches[place[0]].timezone) if moment.tzinfo is None else UTC
            found.append(moment if moment.tzinfo else moment.replace(tzinfo=zone).astimezone(UTC))
    return max(found)

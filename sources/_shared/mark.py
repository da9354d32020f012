"""The mark: up to which moment a resource has been asked, and what to ask for next.

The mark is the moment we asked, never the highest timestamp seen: rows that move while they are being
paged carry timestamps on both sides of it, and only what was asked before it is known to be complete.
It is taken before the first request, capped by the server's own clock (the HTTP Date header), so that a
clock of ours that runs ahead cannot jump over changes. It moves only after the last page, and is kept in
dlt's resource state, which is committed together with the data it covers.
"""

from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from sources._shared import clock
from sources._shared.errors import SourceError
from sources._shared.journal import Journal
from sources._shared.rows import Keys
from sources._shared.settings import Resource
from sources._shared.verdict import Mode, Reason, Status, Verdict, verdict_of


@dataclass(frozen=True)
class Window:
    """What is asked for: everything that moved after `after`, or everything there is."""

    after: datetime | None = None
    until: datetime | None = None
    """None for now, by the server's clock."""
    position: Any = None
    """Where a read that was broken off goes on; None for its beginning."""
    read_before: frozenset[Keys] = frozenset()
    """The keys that came before the break."""
    first_answered_at: datetime | None = None
    """When the provider answered the first page before the break; None where nothing was broken off."""
    parents: Sequence[Keys] = ()
    """The keys of the parent's records, as read in this run."""
    current_keys: Callable[[], AbstractSet[Keys]] = frozenset
    """Gives the keys that the warehouse holds as current; for a whole read that wants to make sure of what it
    did not find."""

    @property
    def is_whole(self) -> bool:
        """Whether the window asks for every record there is."""
        return self.after is None and self.until is None


class Unreadable(NamedTuple):
    """A record that could not be read, as it is named to people."""

    record_key: str | None
    reason: str
    payload: str


@dataclass
class Outcome:
    """What one resource was asked and what came of it: one row of the ledger."""

    resource: str
    mode: Mode
    started_at: datetime
    asked_from: datetime | None = None
    asked_through: datetime | None = None
    mark_before: datetime | None = None
    mark_after: datetime | None = None
    requests: int = 0
    pages: int = 0
    retries: int = 0
    throttled_seconds: float = 0.0
    rows_promised: int | None = None
    rows_read: int = 0
    rows_distinct: int = 0
    rows_unreadable: int = 0
    """Records that could not be read and were left out."""
    unreadable: list[Unreadable] = field(default_factory=list)
    """Those records."""
    reads_all_unreadable: bool = False
    """Whether they are all there are of the resource: it was read whole."""
    read_again: list[str] = field(default_factory=list)
    """Keys of records that could not be read before, and could now."""
    rows_superseded: int = 0
    """Records that came twice in one read, the older one first seen last: only the newer was kept."""
    bytes_read: int = 0
    repair_horizon: datetime | None = None
    """A sweep's new versions with a clock at or before this moment should have come incrementally."""
    is_elsewhere: bool = False
    """Whether the account is asked at another place than at its last sweep."""
    resumed_from: datetime | None = None
    """When the first read began that this one went on with."""
    finished_at: datetime | None = None
    status: Status = "ok"
    error_class: str | None = None
    error_message: str | None = None
    error_advice: str = ""
    verdict: Verdict | None = None
    """What follows of it; None until it has ended."""

    @property
    def retires(self) -> bool:
        """Whether current rows that it did not bring are retired."""
        return self.verdict is not None and self.verdict.retires

    def end(self, verdict: Verdict, words: str) -> None:
        """Records what follows of the read, and why where something speaks against it."""
        self.verdict, self.status = verdict, verdict.status
        if words:
            self.error_class, self.error_message = "Guard", words

    def fail(self, error: BaseException) -> None:
        """Records why the read did not finish. The mark stays where it was."""
        self.end(verdict_of([Reason.BROKEN_OFF], self.mode), str(error))
        self.error_class = type(error).__name__
        self.mark_after = self.mark_before
        self.reads_all_unreadable = False


@dataclass
class Ask:
    """How one account is asked in one run, and what came of it."""

    sweep: bool = False
    """Read whole now, whatever the schedule says."""
    backfill: tuple[datetime, datetime] | None = None
    """Read this window again; no mark moves, and what is read whole every time is left out, unless it lists
    what is read."""
    overlap: timedelta = timedelta(minutes=10)
    sweep_every: timedelta = timedelta(hours=24)
    sweep_floor: float = 0.8
    confirm_drop: bool = False
    """Retire what a sweep did not bring, even below the floor."""
    place: str = ""
    """Where the account is asked. A sweep is due when it is another than at the last one."""
    current_rows: Mapping[str, int] = field(default_factory=dict)
    """Rows the warehouse holds as current, per resource: what the floor is measured against."""
    current_keys: Callable[[str], AbstractSet[Keys]] = lambda resource: frozenset()
    """The keys of those rows, of a resource."""
    current_versions: Callable[[str, Collection[Keys]], pa.Table | None] = lambda resource, keys: None
    """Those of the rows that have these keys; None where nobody can look."""
    unreadable: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Per resource, the keys of records that could not be read so far."""
    journals: Path | None = None
    """Where first reads keep their pages until they have ended; None for nowhere."""
    rows_folder: Path | None = None
    """Where the rows of each resource are put into a file, for the destination that knows them
    (handover.py): history then has every version that came. None for any other destination, which gets the
    newest."""
    raise_errors: bool = True
    """Raise a resource's SourceError, as a plain dlt pipeline expects. The command line sets this to
    False: what was read is kept, the mark stays, the other resources go on, the outcome tells."""
    came: Callable[[Outcome], None] = lambda outcome: None
    """Told after every page how far a resource's read is."""
    ended: Callable[[Outcome], None] = lambda outcome: None
    """Told every resource's outcome as soon as its read has ended."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    dead_end: SourceError | None = None
    """Set when the account cannot be read at all, so that its other resources fail without asking."""
    has_named_clock: bool = False
    """Whether it was said that our clock and the provider's differ."""

    def now(self) -> datetime:
        """The present moment by our own clock, in UTC."""
        return clock.now()

    def journal(self, resource: str) -> Journal:
        """Where a resource's first read keeps its pages; of nowhere, a temporary one."""
        return Journal(self.journals / f"{resource}.journal" if self.journals else None)

    def plan(
        self,
        resource: Resource,
        state: Mapping[str, Any],
        scope: str,
        *,
        parents: Sequence[Keys] = (),
        comes_whole: bool | None = None,
    ) -> tuple[Outcome, Window]:
        """What to ask for now, given the resource's state.

        A first read, a changed scope and a sweep that is due all read whole; a ledger reads whole only
        when it has no mark yet.

        Args:
            parents: the keys of the parent's records.
            comes_whole: whether all of it came included in another resource; None where none brings it.
        """
        now = self.now()
        mark = _instant(state.get("asked_through"))
        if state.get("scope", scope) != scope:
            mark = None
        is_elsewhere = state.get("place", self.place) != self.place
        if self.backfill is not None:
            after, until = self.backfill
            outcome = Outcome(resource.name, "backfill", now, after, mark_before=mark, mark_after=mark)
            self.outcomes[resource.name] = outcome
            return outcome, Window(after, until, parents=parents)
        due = self._reads_whole(resource, state, now) if comes_whole is None else comes_whole
        whole = mark is None or is_elsewhere or due
        mode: Mode = "sweep" if whole and resource.reading != "append_only" else "incremental"
        after_mark = None if whole or mark is None else mark - self.overlap
        outcome = Outcome(resource.name, mode, now, asked_from=after_mark, mark_before=mark, mark_after=mark)
        outcome.is_elsewhere = is_elsewhere
        if mode == "sweep" and mark is not None and resource.reading == "incremental":
            outcome.repair_horizon = mark - self.overlap
        self.outcomes[resource.name] = outcome
        if mode == "incremental" and "unreadable_from" in state and self._is_due(state.get("looked_at"), now):
            # What could not be read then may be readable now, and no sweep will ever look for it.
            outcome.reads_all_unreadable = True
            after_mark = outcome.asked_from = _instant(state["unreadable_from"])
        current_keys = partial(self.current_keys, resource.name)
        return outcome, Window(after_mark, parents=parents, current_keys=current_keys)

    def _reads_whole(self, resource: Resource, state: Mapping[str, Any], now: datetime) -> bool:
        if resource.reading != "incremental":
            return resource.reading == "snapshot"
        return self._is_due(state.get("swept_at"), now)

    def _is_due(self, last: str | None, now: datetime) -> bool:
        """Whether what was done last at that moment has to be done again."""
        moment = _instant(last)
        if self.sweep or moment is None:
            return True
        # One that lies ahead of us was stamped by a clock that ran ahead: its next day may be far away.
        return moment > now or now - moment >= self.sweep_every


def move_mark(state: MutableMapping[str, Any], outcome: Outcome, scope: str, place: str) -> None:
    """Moves the mark to the moment that was asked through, where the verdict lets it; never backwards.

    Call after the last page.
    """
    verdict = outcome.verdict
    if verdict is None or not verdict.moves_mark:
        return
    asked = outcome.asked_through
    if asked is not None and (outcome.mark_before is None or asked > outcome.mark_before):
        outcome.mark_after = asked
    if outcome.mark_after is not None:
        state["asked_through"] = outcome.mark_after.isoformat()
    state["scope"], state["place"] = scope, place
    if verdict.refreshes_next:
        state.pop("swept_at", None)  # the next run sweeps, again if need be, until it passes or is confirmed
    elif outcome.mode == "sweep":
        state["swept_at"] = outcome.started_at.isoformat()


def note_unreadable(state: MutableMapping[str, Any], outcome: Outcome) -> None:
    """Notes from where to ask again for what could not be read, of a resource that is never swept."""
    if outcome.rows_unreadable:
        asked_from = outcome.asked_from.isoformat() if outcome.asked_from else None
        state.setdefault("unreadable_from", asked_from)
        if outcome.reads_all_unreadable or "looked_at" not in state:
            state["looked_at"] = outcome.started_at.isoformat()
    elif outcome.reads_all_unreadable:
        for name in ("unreadable_from", "looked_at"):
            state.pop(name, None)


def earlier(moment: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two moments, of which either may be unknown."""
    return min(filter(None, (moment, other)), default=None)


def rfc3339(moment: datetime) -> str:
    """An instant as providers want it: UTC, milliseconds, Z. Cut, not rounded: never later than asked."""
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

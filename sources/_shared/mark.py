"""The mark: up to which moment a resource has been asked, and what to ask for next.

The mark is the moment we asked, never the highest timestamp seen: rows that move while they are being
paged carry timestamps on both sides of it, and only what was asked before it is known to be complete.
It is taken before the first request, capped by the server's own clock (the HTTP Date header), so that a
clock of ours that runs ahead cannot jump over changes. It moves only after the last page, and is kept in
dlt's resource state, which is committed together with the data it covers.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pendulum

from sources._shared.errors import SourceError
from sources._shared.settings import Resource

Mode = Literal["incremental", "sweep", "backfill"]
Status = Literal["ok", "guarded", "failed"]


@dataclass(frozen=True)
class Window:
    """What is asked for: everything that moved after `after`, or everything there is."""

    after: datetime | None = None
    until: datetime | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the window asks for every record there is."""
        return self.after is None and self.until is None


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
    rows_superseded: int = 0
    """Records that came twice in one read, the older one first seen last: only the newer was kept."""
    bytes_read: int = 0
    repair_horizon: datetime | None = None
    """A sweep's new versions with a clock at or before this moment should have come incrementally."""
    finished_at: datetime | None = None
    status: Status = "ok"
    error_class: str | None = None
    error_message: str | None = None
    error_advice: str = ""

    def fail(self, error: BaseException) -> None:
        """Records why the read did not finish. The mark stays where it was."""
        self.status = "failed"
        self.error_class = type(error).__name__
        self.error_message = str(error)
        self.mark_after = self.mark_before

    def guard(self, message: str) -> None:
        """Records that a sweep came home but may not retire anything."""
        self.status = "guarded"
        self.error_class = "SweepGuard"
        self.error_message = message


@dataclass
class Ask:
    """How one account is asked in one run, and what came of it."""

    sweep: bool = False
    """Read whole now, whatever the schedule says."""
    overlap: timedelta = timedelta(minutes=10)
    sweep_every: timedelta = timedelta(hours=24)
    sweep_floor: float = 0.8
    confirm_drop: bool = False
    """Retire what a sweep did not bring, even below the floor."""
    current_rows: Mapping[str, int] = field(default_factory=dict)
    """Rows the warehouse holds as current, per resource: what the floor is measured against."""
    raise_errors: bool = True
    """Raise a resource's SourceError, as a plain dlt pipeline expects. The command line sets this to
    False: what was read is kept, the mark stays, the other resources go on, the outcome tells."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    held_back: dict[str, list[Any]] = field(default_factory=dict)
    """Per resource, Arrow tables with second versions of keys already read, in order: a package each."""
    dead_end: SourceError | None = None
    """Set when the account cannot be read at all, so that its other resources fail without asking."""

    def now(self) -> datetime:
        """The present moment by our own clock, in UTC."""
        return pendulum.now("UTC")

    def plan(self, resource: Resource, state: Mapping[str, Any], scope: str) -> tuple[Outcome, Window]:
        """What to ask for now, given the resource's state.

        A first read, a changed scope and a sweep that is due all read whole; a ledger reads whole only
        when it has no mark yet.
        """
        now = self.now()
        mark = _instant(state.get("asked_through"))
        if state.get("scope", scope) != scope:
            mark = None
        whole = mark is None or resource.reading == "whole"
        if resource.reading == "window" and not whole:
            whole = self.sweep or self._sweep_due(state, now)
        mode: Mode = "sweep" if whole and resource.reading != "ledger" else "incremental"
        after = None if whole or mark is None else mark - self.overlap
        outcome = Outcome(resource.name, mode, now, asked_from=after, mark_before=mark, mark_after=mark)
        if mode == "sweep" and mark is not None and resource.reading == "window":
            outcome.repair_horizon = mark - self.overlap
        self.outcomes[resource.name] = outcome
        return outcome, Window(after)

    def _sweep_due(self, state: Mapping[str, Any], now: datetime) -> bool:
        swept = _instant(state.get("swept_at"))
        return swept is None or now - swept >= self.sweep_every


def move_mark(state: MutableMapping[str, Any], outcome: Outcome, scope: str) -> None:
    """Moves the mark to the moment that was asked through; never backwards. Call after the last page."""
    asked = outcome.asked_through
    if asked is not None and (outcome.mark_before is None or asked > outcome.mark_before):
        outcome.mark_after = asked
    if outcome.mark_after is not None:
        state["asked_through"] = outcome.mark_after.isoformat()
    state["scope"] = scope
    if outcome.mode == "sweep" and outcome.status == "ok":
        state["swept_at"] = outcome.started_at.isoformat()
    elif outcome.status == "guarded":
        state.pop("swept_at", None)  # the next run sweeps again, until it passes or is confirmed


def rfc3339(moment: datetime) -> str:
    """An instant as providers want it: UTC, milliseconds, Z. Cut, not rounded: never later than asked."""
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

"""The mark: up to which moment a resource has been asked, and what to ask for next.

The mark is the moment we asked, never the highest timestamp seen: rows that move while they are being
paged carry timestamps on both sides of it, and only what was asked before it is known to be complete.
It is taken before the first request, capped by the server's own clock (the HTTP Date header), so that a
clock of ours that runs ahead cannot jump over changes. It moves only after the last page, and is kept in
dlt's resource state, which is committed together with the data it covers.
"""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sources._shared.options import ReadOptions
from sources._shared.records import Keys
from sources._shared.result import ReadResult
from sources._shared.settings import Resource
from sources._shared.verdict import Mode

BASE_URL = "place"
"""Under which name a resource's state in warehouses everywhere has the account's base_url."""


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
    missing_keys: Callable[[], AbstractSet[Keys]] = frozenset
    """Gives the keys that the warehouse holds as current and that did not come so far; for a whole read that
    wants to make sure of what it did not find."""

    @property
    def is_whole(self) -> bool:
        """Whether the window asks for every record there is."""
        return self.after is None and self.until is None


def plan(
    resource: Resource,
    state: Mapping[str, Any],
    scope: str,
    options: ReadOptions,
    now: datetime,
    *,
    parents: Sequence[Keys] = (),
    included_whole: bool | None = None,
) -> tuple[ReadResult, Window]:
    """What to ask for now, given the resource's state.

    A first read, a changed scope, another base_url and a sweep that is due all read whole; an append-only
    resource reads whole only when it has no mark yet.

    Args:
        parents: the keys of the parent's records.
        included_whole: whether all of it came included in another resource; None where none includes it.
    """
    mark = _instant(state.get("asked_through"))
    if state.get("scope", scope) != scope:
        mark = None
    is_elsewhere = state.get(BASE_URL, options.base_url) != options.base_url
    if options.backfill is not None:
        after, until = options.backfill
        result = ReadResult(resource.name, "backfill", now, after, mark_before=mark, mark_after=mark)
        return result, Window(after, until, parents=parents)
    is_due = _reads_whole(resource, state, now, options) if included_whole is None else included_whole
    is_whole = mark is None or is_elsewhere or is_due
    mode: Mode = "sweep" if is_whole and resource.reading != "append_only" else "incremental"
    after_mark = None if is_whole or mark is None else mark - options.overlap
    result = ReadResult(resource.name, mode, now, asked_from=after_mark, mark_before=mark, mark_after=mark)
    result.is_elsewhere = is_elsewhere
    result.is_first = mark is None or not state.get("was_whole")
    if mode == "sweep" and mark is not None and resource.reading == "incremental":
        result.repair_horizon = mark - options.overlap
    if mode == "incremental" and "unreadable_from" in state and _is_due(state.get("looked_at"), now, options):
        # What could not be read then may be readable now, and no sweep will ever look for it.
        result.reads_all_unreadable = True
        after_mark = result.asked_from = _instant(state["unreadable_from"])
    return result, Window(after_mark, parents=parents)


def _reads_whole(resource: Resource, state: Mapping[str, Any], now: datetime, options: ReadOptions) -> bool:
    if resource.reading != "incremental":
        return resource.reading == "snapshot"
    return _is_due(state.get("swept_at"), now, options)


def _is_due(last: str | None, now: datetime, options: ReadOptions) -> bool:
    """Whether what was done last at that moment has to be done again."""
    moment = _instant(last)
    if options.sweep or moment is None:
        return True
    # One that lies ahead of us was stamped by a clock that ran ahead: its next day may be far away.
    return moment > now or now - moment >= options.sweep_every


def move_mark(state: MutableMapping[str, Any], result: ReadResult, scope: str, base_url: str) -> None:
    """Moves the mark to the moment that was asked through, where the verdict lets it; never backwards.

    Call after the last page.
    """
    verdict = result.verdict
    if verdict is None or not verdict.moves_mark:
        return
    through = result.asked_through
    if through is not None and (result.mark_before is None or through > result.mark_before):
        result.mark_after = through
    if result.mark_after is not None:
        state["asked_through"] = result.mark_after.isoformat()
    state["scope"], state[BASE_URL] = scope, base_url
    if verdict.refreshes_next:
        state.pop("swept_at", None)  # the next run sweeps, again if need be, until it passes or is confirmed
    elif result.mode == "sweep":
        state["swept_at"] = result.started_at.isoformat()
    if result.mode == "sweep" and result.is_first:
        state["was_whole"] = verdict.status == "ok"


def note_unreadable(state: MutableMapping[str, Any], result: ReadResult) -> None:
    """Notes from where to ask again for what could not be read, of a resource that is never swept."""
    if result.rows_unreadable:
        asked_from = result.asked_from.isoformat() if result.asked_from else None
        state.setdefault("unreadable_from", asked_from)
        if result.reads_all_unreadable or "looked_at" not in state:
            state["looked_at"] = result.started_at.isoformat()
    elif result.reads_all_unreadable:
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

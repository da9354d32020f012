"""Lists that are paged by a cursor of the provider's own."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sources._shared.errors import CursorExpiredError, RefusedError
from sources._shared.http import Answer, Traffic
from sources._shared.positions import Position, position_of
from sources._shared.records import Page, Records

RESTARTS = 5
"""How often a scan may start again because its cursor died."""


class CursorPosition(Position, frozen=True, tag=1):
    """The cursor of the next page."""

    cursor: str


class Scanned(NamedTuple):
    """One answer of a scan."""

    records: Records
    cursor: str | None
    """What the next page is asked with; None or '' where there is none."""


def scan(
    ask: Callable[[str | None], Answer[Scanned]],
    position: Any,
    traffic: Traffic,
    *,
    died: tuple[type[RefusedError], ...] = (CursorExpiredError,),
) -> Iterator[Page]:
    """Pages until one comes without a cursor; an empty page with a cursor goes on.

    A cursor that died cannot be revived: the scan starts again at page 1, and what came before is recognised
    by its hash and dropped.

    Args:
        ask: asks for the page of a cursor; None for the first.
        position: where to go on; None for the beginning.
        died: the refusals that mean so, where a cursor was sent.
    """
    restarts = 0
    resumed = position_of(CursorPosition, position)
    cursor = resumed.cursor if resumed else None
    while True:
        try:
            answer = ask(cursor)
        except died:
            restarts += 1
            if restarts > RESTARTS or cursor is None:
                raise
            traffic.add(retries=1)
            cursor = None
            continue
        cursor = answer.body.cursor
        goes_on = CursorPosition(cursor) if cursor else None
        yield Page(answer.body.records, answer.answered_at, position=goes_on)
        if not cursor:
            return

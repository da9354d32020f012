"""Lists that are paged by a cursor of the provider's own."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sources._shared.errors import CursorExpiredError, RefusedError
from sources._shared.http import Answer, Tally
from sources._shared.rows import Page, Record

RESTARTS = 5
"""How often a scan may start again because its cursor died."""


class Scanned(NamedTuple):
    """One answer of a scan."""

    records: list[Record]
    cursor: str | None
    """What the next page is asked with; None or '' where there is none."""


def scan(
    ask: Callable[[str | None], Answer[Scanned]],
    cursor: str | None,
    tally: Tally,
    *,
    died: tuple[type[RefusedError], ...] = (CursorExpiredError,),
) -> Iterator[Page]:
    """Pages until one comes without a cursor; an empty page with a cursor goes on.

    A cursor that died cannot be revived: the scan starts again at page 1, and what came before is recognised
    by its hash and dropped.

    Args:
        ask: asks for the page of a cursor; None for the first.
        cursor: where to go on; None for the beginning.
        died: the refusals that mean so, where a cursor was sent.
    """
    restarts = 0
    while True:
        try:
            answer = ask(cursor)
        except died:
            restarts += 1
            if restarts > RESTARTS or cursor is None:
                raise
            tally.add(retries=1)
            cursor = None
            continue
        cursor = answer.body.cursor
        yield Page(answer.body.records, answer.answered_at, position=cursor)
        if not cursor:
            return

"""What nobody knows for sure about Square, and what can go wrong there (square.md §8, §9)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(slots=True)  # a misspelt switch is an error
class SquareSwitches:
    """One field per switch; the defaults are the likeliest Square."""

    token_state: Literal["valid", "expired", "revoked"] = "valid"
    missing_scopes: set[str] = field(default_factory=set)
    """Of INVENTORY_READ, ITEMS_READ, MERCHANT_PROFILE_READ."""
    page_rows: int | None = None
    """The most rows a page has, whatever `limit` says; None: `limit` decides."""
    paging: Literal["positional", "keyed"] = "positional"
    """Whether a cursor is a place in the list or the last row seen."""
    updated_after_inclusive: bool = False
    """Whether `updated_after` also gives the rows of that very moment."""
    cursor_ttl_seconds: float = 300.0
    """By the sandbox's clock."""
    expire_next_cursors: int = 0
    """So many cursors are refused, however young."""
    check_same_body: bool = True
    """Refuse a cursor that comes without the body it was made for."""
    empty_second_page: bool = False
    """The second page of every scan that has one holds no rows and a cursor."""
    missing_key_when_empty: bool = False
    """An answer without rows leaves the member out instead of sending []."""
    errors_on_success: bool = False
    """An empty `errors` array in good answers, as in the published examples."""
    read_lag_seconds: float = 0.0
    """A change of a count shows only after so long, by the sandbox's clock."""
    padded_quantities: bool = False
    """Spell "1" as "1.0": the same quantity."""
    counts_of_deleted: Literal["frozen", "gone"] = "frozen"
    """What becomes of the counts of a deleted variation."""
    counts_at_inactive: Literal["frozen", "gone"] = "frozen"
    """What becomes of the counts at an inactive location."""
    after_page: Callable[[int], None] | None = None
    """Called with the page's number after a page of counts was served: data moves while it is read."""
    requests_per_second: float | None = None
    """A token bucket in real time, two seconds deep; None: no limit."""
    retry_after: str | None = None
    """The Retry-After header of a throttled answer; Square documents none."""

"""Sellercloud's pages: in which order they are read, and when they add up. Nothing here asks anybody.

Pages are cut from a list in no known order, by number, while its rows move. A row that leaves the list lets
all behind it move one place forward; one that joins moves them back. That no row which was there all the time
is missed rests on five things:

1. **Last to first.** A row that leaves pushes others to pages that are still to be read: they come twice.
   One that joins can push a row onto a page that was read: then rows are missing, and 2 shows it.
2. **The sum.** As many different rows have to come as the total says, which every page tells; else all pages
   are read again. Page 1 is read last, alone, so that its total is younger than every other page.
3. **A fall of the total.** A row that came and is gone would stand in the sum for one that did not come. So
   where all rows are asked for, what came before a fall counts no more: another pass has to bring it. Where a
   window of dates is asked for, rows leave it all the time, because they are edited: what came counts.
4. **The second look** (second_look.py). A row that leaves and one that joins between two answers are no fall.
5. **No page is empty whose own total says that rows are on it.** A total that is too low could be reached
   without them, and a server that gives page 1 without rows answers the second look without rows too.

A total that is one too low and an empty page after it, both at once, are what an account without that row
would answer: nothing tells them apart before the next full refresh.

Eight pages may be under way at a time where all rows are asked for, and are answered in any order: among the
eight, 1 does not hold, so a row that leaves can hide another. Then the total fell: either a later answer
tells so, page 1's at last, and 3 holds; or another row joined meanwhile, which is 4's case as it was. A dated
window is read page by page, because 3 does not hold there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sources._shared.errors import BrokenAnswerError
from sources._shared.records import Keys, Records, keyless, keys_of
from sources._shared.verdict import Reason, missing
from sources.sellercloud.settings import PAGE_SIZE, PASSES, SHRINKINGS

FALLING = "The total kept falling while it was read, so it is not known whether all records came."
EMPTY = "Page {} came without rows, also when asked again, though the total says that rows are on it."


class Scanned(NamedTuple):
    """One page of the inventory."""

    records: Records
    total: int | None
    answered_at: datetime | None = None


Ask = Callable[[int], Scanned]


def all_pages(
    ask: Ask,
    sums: "Sums",
    together: Callable[[Ask, Iterable[int]], Iterator[Scanned]],
    *,
    first: Scanned | None = None,
    start: int | None = None,
) -> Iterator[tuple[Scanned, int]]:
    """Every page, until they add up, and the number of the one that comes after it.

    Args:
        ask: asks for the page of a number.
        together: asks for several at a time, and gives them in order.
        first: page 1, where it was read.
        start: the page that a read which was broken off goes on with.
    """
    while not sums.is_over:
        page = first or ask(1)
        numbers = page_order(_total(page), start)
        first = start = None
        sums.begin_pass()
        sums.add(page.records, _total(page), comes_again=bool(numbers))
        yield page, numbers[0] if numbers else 1
        for asks, part in ((map if sums.is_dated else together, numbers[:-1]), (map, numbers[-1:])):
            for number, page in zip(part, asks(ask, part), strict=True):
                sums.add(page.records, _total(page), number)
                yield page, max(number - 1, 1)


def page_order(total: int, start: int | None = None) -> list[int]:
    """The pages to read after page 1 has told the total; none where page 1 was all.

    Args:
        start: the page that a read which was broken off goes on with.
    """
    # A total that fills its last page may be too low by one: the page after it has the row, if any.
    last = -(-total // PAGE_SIZE) + (total > 0 and total % PAGE_SIZE == 0)
    return [*range(min(start or last, last), 1, -1), *([1] if last > 1 else [])]


@dataclass
class Sums:
    """Whether the pages that came add up to the total."""

    is_dated: bool
    """Whether a window of dates is asked for, and not all rows."""
    seen: set[Keys] = field(default_factory=set)
    """The keys that count; at first, those that came before the read was broken off."""
    total: int = 0
    """What the last page told; at first, the last one before the read was broken off."""
    passes: int = 0
    falls: int = 0
    """The passes in which the total fell."""
    _rows: int = 0
    _keys: set[Keys] = field(default_factory=set)
    _without_key: int = 0
    _before: int = 0
    _has_fallen: bool = False
    _first_page: set[Keys] | None = None
    _has_turned: bool = False
    _empty_page: int = 0

    def begin_pass(self) -> None:
        """The pages are read, once more."""
        self.passes += 1
        self._before, self._has_fallen, self._has_turned = len(self.seen), False, False
        self._first_page = None
        self._rows = self._without_key = self._empty_page = 0
        self._keys = set()

    def add(self, records: Records, total: int, number: int = 1, *, comes_again: bool = False) -> None:
        """Takes one page of the pass.

        Args:
            number: the page's.
            comes_again: whether it is page 1, read for the total, and will be read again as the last one.
        """
        keys = keys_of(records)
        if comes_again:
            self._first_page = keys
        elif number == 1:
            self._has_turned = self._first_page not in (None, keys)
        if not len(records) and total > (number - 1) * PAGE_SIZE:
            self._empty_page = number
        if not comes_again:
            self._keys |= keys
            self._without_key += keyless(records)
            self._rows += len(records) - keyless(records)
        if total < self.total and not self.is_dated:
            self.seen, self._before = set(), -1
            self.falls += not self._has_fallen
            self._has_fallen = True
        self.total = total
        self.seen |= keys

    @property
    def has_shifted(self) -> bool:
        """Whether a row came twice in this pass, or page 1 holds others at its end: rows moved, or there is
        no order. Then another pass may help."""
        return len(self._keys) < self._rows or self._has_turned

    @property
    def is_over(self) -> bool:
        """Whether another pass is needless, or no use."""
        brought_nothing = self.passes > 1 and len(self.seen) == self._before and not self.has_shifted
        is_no_use = self.falls > SHRINKINGS or self.passes == PASSES or brought_nothing
        return self.passes > 0 and (is_no_use or not self.told)

    @property
    def told(self) -> Mapping[Reason, str]:
        """What speaks against the last pass."""
        if self._lacking > 0:
            return {Reason.SHORT: FALLING if self.falls > SHRINKINGS else missing(self._lacking)}
        return {Reason.SHORT: EMPTY.format(self._empty_page)} if self._empty_page else {}

    @property
    def _lacking(self) -> int:
        return self.total - len(self.seen) - self._without_key


def _total(page: Scanned) -> int:
    if page.total is None:
        raise BrokenAnswerError(
            "Status 200 without TotalResults, so it is not known whether all rows came.",
            "Try later, and tell Sellercloud if it persists.",
            status=200,
        )
    return page.total

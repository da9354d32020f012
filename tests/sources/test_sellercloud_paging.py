"""Sellercloud's pages while rows come, go and move: the real reading over a list in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources._shared.records import Keys, Record, keys_of
from sources._shared.verdict import Reason
from sources.sellercloud.paging import Scanned, Sums, all_pages, page_order

PAGE, AT_ONCE = 3, 4


@pytest.fixture(autouse=True, scope="module")
def small_pages() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sources.sellercloud.paging.PAGE_SIZE", PAGE)
        yield


@pytest.mark.parametrize(
    ("total", "start", "pages"),
    [
        (0, None, []),
        (1, None, []),
        (2, None, []),
        (3, None, [2, 1]),  # a full page: the total may be too low by one
        (4, None, [2, 1]),
        (10, None, [4, 3, 2, 1]),
        (10, 2, [2, 1]),
        (10, 9, [4, 3, 2, 1]),  # there are fewer by now
        (10, 1, [1]),
    ],
)
def test_the_order_of_pages(total: int, start: int | None, pages: list[int]) -> None:
    assert page_order(total, start) == pages


@dataclass
class Server:
    """A list that moves: after every answer, what happens next happens."""

    rows: list[str]
    happens: list[Callable[["Server"], None]]
    chance: list[int] = field(default_factory=list)
    """Which of the requests under way is answered next."""
    asked: list[int] = field(default_factory=list)

    def page(self, number: int) -> Scanned:
        self.asked.append(number)
        found = self.rows[(number - 1) * PAGE :][:PAGE]
        page = Scanned([Record((row,), None, b"{}") for row in found], len(self.rows))
        if self.happens:
            self.happens.pop(0)(self)
        return page

    def together(self, ask: Callable[[int], Scanned], numbers: Iterable[int]) -> Iterator[Scanned]:
        """Some at a time, answered in any order, given in theirs."""
        rest, under_way, answers = deque(numbers), list[int](), dict[int, Scanned]()
        order = list(rest)
        while order:
            while rest and len(under_way) < AT_ONCE:
                under_way.append(rest.popleft())
            if under_way:
                next_one = under_way.pop(self.chance.pop(0) % len(under_way) if self.chance else 0)
                answers[next_one] = ask(next_one)
            while order and order[0] in answers:
                yield answers[order.pop(0)]


def go(position: int) -> Callable[[Server], None]:
    return lambda server: None if not server.rows else (server.rows.pop(position % len(server.rows)), None)[1]


def to_front(position: int) -> Callable[[Server], None]:
    return lambda server: (
        None if not server.rows else server.rows.insert(0, server.rows.pop(position % len(server.rows)))
    )


def join(position: int) -> Callable[[Server], None]:
    return lambda server: server.rows.insert(position % (len(server.rows) + 1), f"new {len(server.rows)}")


def nothing(_: int) -> Callable[[Server], None]:
    return lambda server: None


def events(*kinds: Callable[[int], Callable[[Server], None]]) -> st.SearchStrategy[list[object]]:
    return st.lists(
        st.builds(lambda kind, at: kind(at), st.sampled_from(kinds), st.integers(0, 40)), max_size=9
    )


def assert_none_lost(server: Server, *, is_dated: bool = False) -> Sums:
    before = set(server.rows)
    sums = Sums(is_dated=is_dated)
    came = {
        record.keys[0] for page, _ in all_pages(server.page, sums, server.together) for record in page.records
    }
    lost = before & set(server.rows) - came
    assert not lost or sums.told, f"{len(lost)} lost: {sorted(lost)}"
    return sums


SIZES = st.integers(1, 30)
CHANCE = st.lists(st.integers(0, AT_ONCE - 1), max_size=20)


def server_of(size: int, happens: list[object], chance: list[int] | None = None) -> Server:
    return Server([f"row {number:02}" for number in range(size)], [*happens], [*(chance or ())])  # type: ignore[list-item]


@settings(deadline=None)
@given(SIZES, events(go, to_front, nothing), CHANCE)
def test_no_row_that_stays_is_lost_while_others_go_and_move(
    size: int, happens: list[object], chance: list[int]
) -> None:
    assert_none_lost(server_of(size, happens, chance))


@settings(deadline=None)
@given(SIZES, events(join, to_front, nothing), CHANCE)
def test_no_row_that_stays_is_lost_while_others_join_and_move(
    size: int, happens: list[object], chance: list[int]
) -> None:
    assert_none_lost(server_of(size, happens, chance))


@settings(deadline=None)
@given(SIZES, events(go, nothing))
def test_no_row_that_stays_in_a_window_is_lost_while_others_leave_it(
    size: int, happens: list[object]
) -> None:
    sums = assert_none_lost(server_of(size, happens), is_dated=True)
    assert sums.passes == 1, "what leaves a window is no reason to read it again"


@settings(deadline=None)
@given(SIZES, st.integers(0, 9), events(go, to_front, nothing), events(go, to_front, nothing), CHANCE)
def test_no_row_that_stays_is_lost_where_a_read_was_broken_off(
    size: int, pages: int, between: list[object], happens: list[object], chance: list[int]
) -> None:
    server = server_of(size, [], chance)
    before, first = set(server.rows), Sums(is_dated=False)
    came, start = set[Keys](), None
    for page, goes_on_at in islice(all_pages(server.page, first, server.together), pages):
        came |= keys_of(page.records)
        start = goes_on_at
    for change in between:
        change(server)  # type: ignore[operator]
    server.happens = happens  # type: ignore[assignment]
    sums = Sums(is_dated=False, seen=set(came), total=first.total)
    for page, _ in all_pages(server.page, sums, server.together, start=start):
        came |= keys_of(page.records)
    lost = before & set(server.rows) - {key for (key,) in came}
    assert not lost or sums.told, f"{len(lost)} lost: {sorted(lost)}"


def test_pages_that_stand_still_are_read_once_page_1_twice() -> None:
    server = server_of(10, [])
    sums = assert_none_lost(server)
    assert server.asked == [1, 4, 3, 2, 1]
    assert not sums.has_shifted


def test_rows_that_moved_are_told_where_none_came_twice() -> None:
    """A total that is too low and a page that lacks rows hide rows, and the sum is right: page 1 tells."""
    server = server_of(7, [to_front(3)])
    sums = Sums(is_dated=False)

    def page(number: int) -> Scanned:
        found = server.page(number)
        return Scanned(found.records[: 1 if number == 2 else PAGE], 4)

    came = {record.keys[0] for found, _ in all_pages(page, sums, map) for record in found.records}
    assert came == {"row 00", "row 01", "row 02", "row 03"}
    assert sums.told == {}
    assert sums.has_shifted


@pytest.mark.parametrize(("total", "number"), [(7, 1), (6, 1), (6, 2), (4, 2)])
def test_a_page_without_rows_is_told_where_the_total_is_reached_all_the_same(total: int, number: int) -> None:
    server = server_of(9, [to_front(8)] * 99)
    sums = Sums(is_dated=False)

    def page(asked: int) -> Scanned:
        return Scanned(() if asked == number else server.page(asked).records, total)

    for _ in all_pages(page, sums, map):
        pass
    assert len(sums.seen) >= total
    assert f"Page {number} came without rows" in sums.told[Reason.SHORT]


def test_a_total_that_keeps_falling_is_told() -> None:
    server = server_of(200, [go(199)] * 999)
    sums = assert_none_lost(server)
    assert "kept falling" in sums.told[Reason.SHORT]
    assert sums.passes == 4


def test_a_total_that_is_too_high_is_told_after_a_pass_that_brought_nothing() -> None:
    server = server_of(7, [])
    sums = Sums(is_dated=False)

    def page(number: int) -> Scanned:
        return server.page(number)._replace(total=8)

    assert len(list(all_pages(page, sums, map))) == 2 * 4
    assert "promised 1 more" in sums.told[Reason.SHORT]


def test_a_read_that_was_broken_off_goes_on_at_its_page() -> None:
    server = server_of(10, [])
    read = {(f"row {number:02}",) for number in range(6, 10)}
    sums = Sums(is_dated=False, seen=read)
    assert [goes_on for _, goes_on in all_pages(server.page, sums, map, start=2)] == [2, 1, 1]
    assert sums.told == {}

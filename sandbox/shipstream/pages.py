"""How ShipStream sorts, cuts pages and links them (shipstream.md §2.1, §3)."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from sandbox.record import Call
from sandbox.shipstream.answers import Refusal
from sandbox.shipstream.switches import ShipStreamSwitches

CURSORS = ("cursor_start", "cursor_end")


class Order(NamedTuple):
    """What a list is sorted by."""

    keys: tuple[tuple[str, bool], ...]
    """Names, and whether descending."""
    by_id: bool
    """Whether cursors can go by it."""

    @property
    def descending(self) -> bool:
        """Whether the first key is."""
        return self.keys[0][1]


class Page(NamedTuple):
    """Some rows of a list."""

    rows: Sequence[Any]
    number: int
    """From 1."""
    has_more: bool
    """In the direction of paging."""
    next: int | None
    """The cursor of the row after the last."""
    previous: int | None
    """The cursor of the first row, before which the page before ends; None on the first page."""
    start: int | None
    end: int | None
    """The cursors around the page, as `meta` has them."""


def read_order(text: str, known: Mapping[str, Any], id_name: str | None) -> Order:
    """The order that `sort` asks for.

    Raises:
        Refusal: it is not by what can be sorted by.
    """
    keys = tuple((name.lstrip("-"), name.startswith("-")) for name in text.split(","))
    for name, _ in keys:
        if name not in known:
            raise Refusal(400, f"Cannot sort by {name}.", "sort")
    return Order(keys, keys[0][0] == id_name)


def in_order(
    rows: Sequence[Any],
    order: Order,
    known: Mapping[str, Callable[[Any], Any]],
    cursor_of: Callable[[Any], int],
) -> list[Any]:
    """The rows sorted; nulls count as lowest, ties go by cursor."""
    found = sorted(rows, key=cursor_of, reverse=order.descending)
    for name, descending in reversed(order.keys):
        value_of = known[name]
        found.sort(key=lambda row: _sortable(value_of(row)), reverse=descending)
    return found


def cut(
    call: Call,
    rows: Sequence[Any],
    order: Order,
    cursor_of: Callable[[Any], int],
    switches: ShipStreamSwitches,
) -> Page:
    """The page that a request asks for.

    Raises:
        Refusal: the limit or a cursor is not good.
    """
    limit = read_limit(call, switches)
    first, last = (_cursor(call, name) for name in CURSORS)
    if not order.by_id and (first, last) != (None, None):
        match switches.cursor_with_other_sort:
            case "400":
                raise Refusal(
                    400, "A cursor needs a sort by id.", "cursor_end" if first is None else CURSORS[0]
                )
            case "repeat":
                first = last = None
            case "skip":
                rows = [
                    row
                    for row in rows
                    if (first is None or cursor_of(row) >= first) and (last is None or cursor_of(row) < last)
                ]
                first = last = None
    begin = 0 if first is None else _place(rows, first, order, cursor_of)
    stop = len(rows) if last is None else _place(rows, last, order, cursor_of)
    is_backward = last is not None and first is None
    if is_backward:
        begin = max(begin, stop - limit)
        has_more = begin > 0
    else:
        has_more = stop > begin + limit
        stop = min(stop, begin + limit)
    page = rows[begin:stop]
    start = cursor_of(page[0]) if page else None
    after = cursor_of(rows[stop]) if stop < len(rows) else None
    end = after
    if after is None and page:
        end = cursor_of(page[-1]) + (-1 if order.descending else 1)
    previous = start if begin > 0 else None
    return Page(page, 1 + begin // limit, has_more, after, previous, start, end)


def read_limit(call: Call, switches: ShipStreamSwitches) -> int:
    """How many rows a page has.

    Raises:
        Refusal: it is out of range.
    """
    limit = read_integer(call, "limit", 100)
    if not 1 <= limit <= 1000:
        if switches.limit_out_of_range == "400":
            raise Refusal(400, "limit must be 1 to 1000.", "limit")
        limit = min(max(limit, 1), 1000)
    return limit


def read_integer(call: Call, name: str, default: int) -> int:
    """A whole number among the parameters.

    Raises:
        Refusal: it is none.
    """
    try:
        return int(call.query.get(name, default))
    except ValueError:
        raise Refusal(400, f"{name} must be a whole number.", name) from None


def link(
    call: Call, name: str, cursor: int | None, end: int | None, address: str, switches: ShipStreamSwitches
) -> dict[str, str | None]:
    """The member that leads to another page.

    Args:
        cursor: where that page starts or ends; None: there is none.
        end: the cursor of the empty page behind the last.
        address: the base URL, such as http://127.0.0.1:80/shipstream.
    """
    member = "cursor_end" if name == "previous" else "cursor_start"
    if cursor is None:
        match switches.next_at_end:
            case "absent":
                return {}
            case "empty":
                return {name: ""}
            case "present" if end is not None:
                cursor = end
            case _:
                return {name: None}
    kept = [
        (key, value)
        for key, value in call.params
        if key not in CURSORS and (switches.next_carries_all or key == "limit")
    ]
    query = "?" + urlencode([*kept, (member, str(cursor))], quote_via=quote)
    if switches.next_link == "query_only":
        return {name: query}
    whole = f"{address}{call.path}{query}"
    if switches.next_link == "absolute":
        return {name: whole}
    return {name: "/" + whole.split("://", 1)[1].partition("/")[2]}


def _cursor(call: Call, name: str) -> int | None:
    return read_integer(call, name, 0) if name in call.query else None


def _place(rows: Sequence[Any], cursor: int, order: Order, cursor_of: Callable[[Any], int]) -> int:
    """Where the page of a cursor starts."""
    if not order.by_id:
        return next((place for place, row in enumerate(rows) if cursor_of(row) == cursor), len(rows))
    sign = -1 if order.descending else 1
    return bisect_left(rows, sign * cursor, key=lambda row: sign * cursor_of(row))


def _sortable(value: Any) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, value)

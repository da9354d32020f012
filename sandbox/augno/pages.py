"""How Augno cuts a list into pages, and what its cursors remember: a signed position (augno.md §3)."""

import base64
import hashlib
import hmac
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

from sandbox.augno.answers import Refusal
from sandbox.augno.masters import Record
from sandbox.augno.switches import AugnoSwitches
from sandbox.clock import Clock
from sandbox.record import Call

KEY = b"sandbox-augno-cursors"
LIMIT, MOST = 100, 1000
Row = TypeVar("Row")


class Page(NamedTuple, Generic[Row]):
    """Some rows of a list."""

    rows: Sequence[Row]
    number: int
    """From 1; going back counts on."""
    info: Record


def page_info(switches: AugnoSwitches, following: str | None, previous: str | None) -> Record:
    """`page_info` as the profile has it, of cursors or URLs."""
    names = ("next_cursor", "prev_cursor", "has_next_page", "has_prev_page")
    if switches.profile != "P1":
        names = ("next_page_url", "previous_page_url", "has_next_page", "has_prev_page")
    said: Record = dict(
        zip(names, (following, previous, following is not None, previous is not None), strict=True)
    )
    if switches.profile == "P1" or switches.missing_page_urls == "null":
        return said
    if switches.missing_page_urls == "absent":
        return {name: value for name, value in said.items() if value is not None}
    return {name: "" if value is None else value for name, value in said.items()}


class Pages:
    """Cuts pages and checks cursors. A cursor holds all it needs: nothing is kept between requests."""

    def __init__(self, switches: AugnoSwitches, clock: Clock, address: Callable[[], str]) -> None:
        self._switches = switches
        self._clock = clock
        self._address = address

    def cut(self, call: Call, rows: Sequence[Row], order: Callable[[Row], tuple[Any, ...]]) -> Page[Row]:
        """The page that a request asks for.

        Args:
            rows: all rows of the list as they stand now, last first: sorted by `order`, which is unique.

        Raises:
            Refusal: the limit or the cursor is not good.
        """
        limit = self._limit(call)
        start, end, number, is_backward = 0, len(rows), 1, False
        cursor = call.query.get("cursor")
        if cursor:
            state = self._opened(cursor)
            number, is_backward = state["n"] + 1, state["d"] == "b"
            if is_backward:
                start = bisect_right(rows, tuple(state["at"]), key=lambda row: _spelt(order(row)))
            else:
                end = bisect_left(rows, tuple(state["at"]), key=lambda row: _spelt(order(row)))
        has_extra = end - start > limit
        page = rows[start : start + limit] if is_backward else rows[max(start, end - limit) : end]
        page = page[::-1]
        following = previous = None
        if page and (has_extra or is_backward):
            following = self._cursor("f", order(page[-1]), number)
        if page and (has_extra if is_backward else cursor):
            previous = self._cursor("b", order(page[0]), number)
        info = page_info(self._switches, self._link(call, following), self._link(call, previous))
        return Page(page, number, info)

    def _limit(self, call: Call) -> int:
        text = call.query.get("limit", str(LIMIT))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST:
            message = f"limit must be an integer from 1 to {MOST}."
            raise Refusal(400, message, "parameter_invalid", param="limit")
        return min(int(text), self._switches.page_rows or MOST)

    def _cursor(self, direction: str, place: tuple[Any, ...], number: int) -> str:
        state = {"at": _spelt(place), "d": direction, "n": number, "t": self._clock.now().timestamp()}
        payload = _text(json.dumps(state, separators=(",", ":")).encode())
        return f"{payload}.{_signature(payload)}"

    def _opened(self, cursor: str) -> dict[str, Any]:
        refusal = Refusal(
            self._switches.bad_cursor_status, "The cursor is not valid.", "parameter_invalid", param="cursor"
        )
        payload, _, signature = cursor.partition(".")
        if not hmac.compare_digest(_signature(payload).encode(), signature.encode()):
            raise refusal
        if self._switches.refuse_next_cursors > 0:
            self._switches.refuse_next_cursors -= 1
            raise refusal
        state: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        age = self._clock.now().timestamp() - state["t"]
        if self._switches.cursor_seconds is not None and age >= self._switches.cursor_seconds:
            raise refusal
        return state

    def _link(self, call: Call, cursor: str | None) -> str | None:
        """The page's URL: the request's own parameters with another cursor. P1 gives the cursor alone."""
        if cursor is None or self._switches.profile == "P1":
            return cursor
        params = [(name, value) for name, value in call.params if name != "cursor"]
        url = f"{call.path}?{urlencode([*params, ('cursor', cursor)])}"
        return f"{self._address()}{url}" if self._switches.page_urls == "absolute" else url


def _spelt(place: tuple[Any, ...]) -> tuple[Any, ...]:
    """A place as JSON can say it; instants in UTC sort as their text with all its digits does."""
    return tuple(
        part.isoformat(timespec="microseconds") if hasattr(part, "isoformat") else part for part in place
    )


def _signature(payload: str) -> str:
    return _text(hmac.digest(KEY, payload.encode(), hashlib.sha256))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

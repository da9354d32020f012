"""How Square cuts a scan into pages, and what its cursors remember (square.md §3)."""

import base64
import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from sandbox.clock import Clock
from sandbox.square.answers import Refusal
from sandbox.square.switches import SquareSwitches

Row = TypeVar("Row")


class Page(NamedTuple, Generic[Row]):
    """Some rows of a scan."""

    rows: Sequence[Row]
    number: int
    """From 1."""
    cursor: str | None
    """To the next page; None on the last."""


class Pages:
    """Cuts pages and checks cursors. A cursor holds all it needs: nothing is kept between requests."""

    def __init__(self, switches: SquareSwitches, clock: Clock) -> None:
        self._switches = switches
        self._clock = clock

    def cut(
        self,
        path: str,
        body: Mapping[str, Any],
        rows: Sequence[Row],
        order: Callable[[Row], tuple[Any, ...]],
        *,
        strict_limit: bool = True,
    ) -> Page[Row]:
        """The page that a request asks for.

        Args:
            rows: all rows of the scan as they stand now, sorted by `order`, which is unique.
            strict_limit: refuse a limit out of range instead of ignoring it.

        Raises:
            Refusal: the limit or the cursor is not good.
        """
        limit = self._limit(body, strict=strict_limit)
        asked_for = {name: value for name, value in body.items() if name != "cursor"}
        mark = hashlib.sha256(json.dumps(asked_for, sort_keys=True).encode()).hexdigest()[:16]
        start, number = 0, 1
        if body.get("cursor"):
            state = self._opened(body["cursor"], path, mark)
            number = state["number"] + 1
            start = state["place"]
            if self._switches.paging == "keyed":
                start = bisect_right(rows, tuple(state["last"]), key=order)
        is_left_empty = self._switches.empty_second_page and number == 2 and start < len(rows)
        page = rows[start : start + (0 if is_left_empty else limit)]
        end = start + len(page)
        if end >= len(rows):
            return Page(page, number, None)
        state = {
            "path": path,
            "mark": mark,
            "number": number,
            "place": end,
            "last": order(rows[end - 1]) if end else (),
            "at": self._clock.now().timestamp(),
        }
        return Page(page, number, base64.urlsafe_b64encode(json.dumps(state).encode()).decode())

    def _limit(self, body: Mapping[str, Any], *, strict: bool) -> int:
        limit = body.get("limit")
        if limit is None:
            limit = self._switches.default_limit
        elif not isinstance(limit, int) or isinstance(limit, bool):
            raise Refusal(400, "EXPECTED_INTEGER", "Expected an integer value.", "limit")
        elif not 1 <= limit <= 1000:
            if strict:
                code = "VALUE_TOO_LOW" if limit < 1 else "VALUE_TOO_HIGH"
                raise Refusal(400, code, f"Value {limit} is out of range.", "limit")
            limit = self._switches.default_limit
        return min(limit, self._switches.page_rows or limit)

    def _opened(self, cursor: Any, path: str, mark: str) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads(base64.urlsafe_b64decode(cursor))
            age = self._clock.now().timestamp() - state["at"]
        except (ValueError, KeyError, TypeError):
            raise Refusal(400, "INVALID_CURSOR", "The cursor is damaged.", "cursor") from None
        if self._switches.expire_next_cursors > 0:
            self._switches.expire_next_cursors -= 1
            raise Refusal(400, "INVALID_CURSOR", "The cursor has expired.", "cursor")
        if age >= self._switches.cursor_ttl_seconds:
            raise Refusal(400, "INVALID_CURSOR", "The cursor has expired.", "cursor")
        if state["path"] != path or (self._switches.check_same_body and state["mark"] != mark):
            raise Refusal(400, "INVALID_CURSOR", "The cursor belongs to another request.", "cursor")
        return state

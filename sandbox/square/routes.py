"""Square's endpoints over the seller's data (square.md §2, §3, §5)."""

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.record import Call, Reply
from sandbox.square.data import UNTRACKED_STATES, CountKey, Record, SquareData, spell
from sandbox.square.switches import SquareSwitches

TOKEN = "sandbox-square-token"
NEW_CHANGES_FROM = "2026-07-15"
LATEST_VERSION = "2026-09-16"
VERSIONS = ("2024-01-18", "2025-08-20", "2026-07-15", "2026-08-19", LATEST_VERSION)
CATALOG_LIST_ROWS = 100
LISTED_TYPES = ("ITEM", "CATEGORY", "MEASUREMENT_UNIT")
"""GET /v2/catalog/list leaves variations out unless asked for: they come inside their items."""


class Refusal(Exception):  # noqa: N818  not an error of ours: an answer
    """A request that is refused, with Square's error body."""

    def __init__(self, status: int, code: str, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        category = {401: "AUTHENTICATION_ERROR", 403: "AUTHENTICATION_ERROR", 429: "RATE_LIMIT_ERROR"}.get(
            status, "INVALID_REQUEST_ERROR"
        )
        self.status = status
        self.error = {"category": category, "code": code, "detail": detail}
        if field:
            self.error["field"] = field


class SquareApi:
    """Answers Square's requests."""

    def __init__(self, data: SquareData, switches: SquareSwitches, clock: Clock) -> None:
        self.data = data
        self.switches = switches
        self._clock = clock
        self._sorted: tuple[int, list[CountKey]] = (-1, [])
        self._rendered: dict[CountKey, tuple[Record, bytes]] = {}
        self._bucket = (0.0, time.monotonic())

    @property
    def token(self) -> str:
        """A token that works while `token_state` is valid."""
        return TOKEN

    def answer(self, call: Call) -> Reply:
        """One answer."""
        routes: Mapping[tuple[str, str], tuple[str, Callable[[Call], Reply]]] = {
            ("POST", "/v2/inventory/counts/batch-retrieve"): ("INVENTORY_READ", self._counts),
            ("POST", "/v2/inventory/changes/batch-retrieve"): ("INVENTORY_READ", self._changes),
            ("POST", "/v2/catalog/search"): ("ITEMS_READ", self._catalog_search),
            ("GET", "/v2/catalog/list"): ("ITEMS_READ", self._catalog_list),
            ("GET", "/v2/locations"): ("MERCHANT_PROFILE_READ", self._locations),
        }
        version = call.headers.get("square-version", LATEST_VERSION)
        try:
            self._check_rate()
            self._check_token(call)
            self._check_version(version)
            scope, route = routes.get((call.method, call.path), ("", self._not_found))
            if scope in self.switches.missing_scopes:
                raise Refusal(403, "INSUFFICIENT_SCOPES", f"The merchant has not given {scope}.")
            reply = route(call)
        except Refusal as refusal:
            reply = Reply(refusal.status, _json({"errors": [refusal.error]}))
            if refusal.status == 429 and self.switches.retry_after is not None:
                reply.headers["Retry-After"] = self.switches.retry_after
        else:
            reply.headers["Square-Version"] = version
        return reply

    def truth(self, resource: str) -> dict[tuple[str, ...], Record]:
        """Every record of a resource as it would be served now, by key."""
        if resource == "inventory_counts":
            return {key: json.loads(self._render(key, self.data.counts[key])) for key in self._keys_now()}
        if resource == "inventory_changes":
            changes = (self._change(entry, LATEST_VERSION) for entry in self.data.changes)
            return {(c["type"], c[c["type"].lower()]["id"]): c for c in changes if c is not None}
        if resource == "catalog_objects":
            return {(object_id,): self.data.nested(object_id) for object_id in self.data.objects}
        return {(location_id,): found for location_id, found in self.data.locations.items()}

    # Routes

    def _counts(self, call: Call) -> Reply:
        body = _object(call.body)
        states = set(_texts(body, "states")) - UNTRACKED_STATES
        objects, locations = set(_texts(body, "catalog_object_ids")), set(_texts(body, "location_ids"))
        after = _moment(body, "updated_after")
        keys = []
        for key in self._keys_now():
            at = self._shown_at(key)
            if after is not None and not (
                at > after or (at == after and self.switches.updated_after_inclusive)
            ):
                if at < after and not self.switches.read_lag_seconds:
                    break  # newest first: nothing behind is younger
                continue
            if (
                (not objects or key[0] in objects)
                and (not locations or key[1] in locations)
                and (not states or key[2] in states)
            ):
                keys.append(key)
        page, number, cursor = self._page(keys, body, lambda key: [-_ticks(self._shown_at(key)), *key])
        rows = [self._render(key, self._shown(key) or {}) for key in page]
        reply = self._reply("counts", rows, cursor)
        if self.switches.after_page is not None:
            self.switches.after_page(number)
        return reply

    def _changes(self, call: Call) -> Reply:
        body = _object(call.body)
        version = call.headers.get("square-version", LATEST_VERSION)
        objects, locations = set(_texts(body, "catalog_object_ids")), set(_texts(body, "location_ids"))
        types = set(_texts(body, "types")) or {"PHYSICAL_COUNT", "ADJUSTMENT"}
        after, before = _moment(body, "updated_after"), _moment(body, "updated_before")
        found = []
        for entry in self.data.changes:
            received = datetime.fromisoformat(entry["created_at"])
            places = {entry.get(name) for name in ("location_id", "from_location_id", "to_location_id")}
            change = self._change(entry, version)
            if (
                change is not None
                and change["type"] in types
                and (after is None or received > after)
                and (before is None or received < before)
                and (not objects or entry["catalog_object_id"] in objects)
                and (not locations or places & locations)
            ):
                found.append((entry["occurred_at"], entry["id"], change))
        found.sort(key=lambda row: row[:2])
        page, _, cursor = self._page(found, body, lambda row: list(row[:2]))
        return self._reply("changes", [_json(change) for _, _, change in page], cursor)

    def _catalog_search(self, call: Call) -> Reply:
        body = _object(call.body)
        types = set(_texts(body, "object_types"))
        after = _moment(body, "begin_time")
        deleted = bool(body.get("include_deleted_objects"))
        found = [
            object_id
            for object_id, record in self.data.objects.items()
            if (not types or record["type"] in types)
            # With begin_time, deleted objects come whatever is asked (forum 23637).
            and (deleted or after is not None or not record["is_deleted"])
            and (after is None or datetime.fromisoformat(record["updated_at"]) > after)
        ]
        found.sort()
        page, _, cursor = self._page(found, body, lambda object_id: [object_id], limits=False)
        extra: dict[str, Any] = {"latest_time": spell(self._clock.now())}
        if body.get("include_related_objects"):
            extra["related_objects"] = []
        return self._reply("objects", [_json(self.data.nested(found)) for found in page], cursor, extra)

    def _catalog_list(self, call: Call) -> Reply:
        types = {name.strip().upper() for name in call.query.get("types", ",".join(LISTED_TYPES)).split(",")}
        found = sorted(
            object_id
            for object_id, record in self.data.objects.items()
            if record["type"] in types and not record["is_deleted"]
        )
        body = {"limit": CATALOG_LIST_ROWS, "types": sorted(types), "cursor": call.query.get("cursor")}
        page, _, cursor = self._page(found, body, lambda object_id: [object_id])
        return self._reply("objects", [_json(self.data.nested(found)) for found in page], cursor)

    def _locations(self, call: Call) -> Reply:
        found = sorted(self.data.locations.values(), key=lambda location: str(location["name"]))
        return self._reply("locations", [_json(location) for location in found], None)

    def _not_found(self, call: Call) -> Reply:
        raise Refusal(404, "NOT_FOUND", "Resource not found.")

    # Checks

    def _check_token(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "UNAUTHORIZED", "This request could not be authorized.")
        if self.switches.token_state != "valid":
            state = self.switches.token_state.upper()
            raise Refusal(401, f"ACCESS_TOKEN_{state}", f"The access token is {state.lower()}.")

    def _check_version(self, version: str) -> None:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", version) or version not in VERSIONS:
            raise Refusal(
                400, "INVALID_SQUARE_VERSION_FORMAT", f"{version} is not a version.", "Square-Version"
            )

    def _check_rate(self) -> None:
        rate = self.switches.requests_per_second
        if rate is None:
            return
        level, then = self._bucket
        now = time.monotonic()
        level = max(0.0, level - (now - then) * rate)
        if level + 1 > 2 * rate:
            self._bucket = (level, now)
            raise Refusal(429, "RATE_LIMITED", "Too many requests.")
        self._bucket = (level + 1, now)

    # Pages

    def _page(
        self,
        rows: Sequence[Any],
        body: Mapping[str, Any],
        order: Callable[[Any], list[Any]],
        *,
        limits: bool = True,
    ) -> tuple[list[Any], int, str | None]:
        """One page of rows that stand in order, its number from 1, and the cursor to the next."""
        limit = self._limit(body, strict=limits)
        asked_for = {name: value for name, value in body.items() if name != "cursor"}
        mark = hashlib.sha256(json.dumps(asked_for, sort_keys=True).encode()).hexdigest()[:16]
        start, number = 0, 1
        if body.get("cursor"):
            state = self._open_cursor(body["cursor"], mark)
            number = state["number"] + 1
            start = state["place"]
            if self.switches.paging == "keyed" and state["last"] is not None:
                start = next((i for i, row in enumerate(rows) if order(row) > state["last"]), len(rows))
        take = 0 if self.switches.empty_second_page and number == 2 else limit
        page = list(rows[start : start + take])
        end = start + len(page)
        if end >= len(rows) and not (take == 0 and start < len(rows)):
            return page, number, None
        last = order(page[-1]) if page else (order(rows[start - 1]) if start else None)
        cursor = {
            "place": end,
            "last": last,
            "number": number,
            "mark": mark,
            "at": self._clock.now().timestamp(),
        }
        return page, number, base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode()

    def _limit(self, body: Mapping[str, Any], *, strict: bool) -> int:
        limit = body.get("limit")
        if limit is None:
            limit = self.switches.default_limit
        elif not isinstance(limit, int) or isinstance(limit, bool):
            raise Refusal(400, "EXPECTED_INTEGER", "Expected an integer value.", "limit")
        elif not 1 <= limit <= 1000:
            if strict:
                code = "VALUE_TOO_LOW" if limit < 1 else "VALUE_TOO_HIGH"
                raise Refusal(400, code, f"Value {limit} is out of range.", "limit")
            limit = self.switches.default_limit  # advisory in catalogue searches
        return min(limit, self.switches.page_rows or limit)

    def _open_cursor(self, cursor: str, mark: str) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads(base64.urlsafe_b64decode(cursor))
            age = self._clock.now().timestamp() - state["at"]
        except (ValueError, KeyError, TypeError):
            raise Refusal(400, "INVALID_CURSOR", "The cursor is damaged.", "cursor") from None
        if self.switches.expire_next_cursors > 0:
            self.switches.expire_next_cursors -= 1
            raise Refusal(400, "INVALID_CURSOR", "The cursor has expired.", "cursor")
        if age >= self.switches.cursor_ttl_seconds:
            raise Refusal(400, "INVALID_CURSOR", "The cursor has expired.", "cursor")
        if self.switches.check_same_body and state["mark"] != mark:
            raise Refusal(400, "INVALID_CURSOR", "The cursor belongs to another request.", "cursor")
        return state

    def _reply(
        self, member: str, rows: Sequence[bytes], cursor: str | None, extra: Mapping[str, Any] | None = None
    ) -> Reply:
        parts = []
        if rows or not self.switches.missing_key_when_empty:
            parts.append(f'"{member}":['.encode() + b",".join(rows) + b"]")
        if cursor:
            parts.append(f'"cursor":"{cursor}"'.encode())
        if self.switches.errors_on_success:
            parts.append(b'"errors":[]')
        parts += [f'"{name}":'.encode() + _json(value) for name, value in (extra or {}).items()]
        return Reply(200, b"{" + b",".join(parts) + b"}", len(rows))

    # Records

    def _keys_now(self) -> list[CountKey]:
        """The keys of counts that are served, newest first; ties by id."""
        version, keys = self._sorted
        if self.switches.read_lag_seconds or version != self.data.version:
            known = set(self.data.counts) | set(self.data.before)
            keys = [key for key in known if self._shown(key) is not None and self._is_served(key)]
            keys.sort(key=lambda key: (-_ticks(self._shown_at(key)), *key))
            self._sorted = (self.data.version, keys)
        if "gone" in (self.switches.counts_of_deleted, self.switches.counts_at_inactive):
            return [key for key in keys if self._is_served(key)]
        return keys

    def _is_served(self, key: CountKey) -> bool:
        if self.switches.counts_of_deleted == "gone":
            found = self.data.objects.get(key[0])
            if found is None or found["is_deleted"]:
                return False
        at_inactive = self.data.locations.get(key[1], {}).get("status") == "INACTIVE"
        return not (self.switches.counts_at_inactive == "gone" and at_inactive)

    def _shown(self, key: CountKey) -> Record | None:
        """The record as a reader sees it, which may lag behind."""
        if self.switches.read_lag_seconds:
            changed, before = self.data.before.get(key, (None, None))
            lag = timedelta(seconds=self.switches.read_lag_seconds)
            if changed is not None and self._clock.now() - changed < lag:
                return before
        return self.data.counts.get(key)

    def _shown_at(self, key: CountKey) -> datetime:
        shown = self._shown(key)
        if shown is not None and shown is self.data.counts.get(key):
            return self.data.counted_at[key]
        return datetime.fromisoformat(shown["calculated_at"]) if shown else datetime.fromtimestamp(0, UTC)

    def _render(self, key: CountKey, record: Record) -> bytes:
        kept = self._rendered.get(key)
        if kept is not None and kept[0] is record and not self.switches.padded_quantities:
            return kept[1]
        if self.switches.padded_quantities:
            quantity = str(record["quantity"])
            return _json({**record, "quantity": quantity if "." in quantity else f"{quantity}.0"})
        body = _json(record)
        self._rendered[key] = (record, body)
        return body

    def _change(self, entry: Record, version: str) -> Record | None:
        """A ledger entry in the shape of an API version; None where that version does not show it."""
        inner = {name: value for name, value in entry.items() if name != "kind"}
        kind = entry["kind"]
        new = version >= NEW_CHANGES_FROM
        if kind == "TRANSFER":
            if not new:
                return None  # cannot be asked for (square.md §2.3)
            state = inner.pop("state")
            inner.update(from_state=state, to_state=state)
            kind = "ADJUSTMENT"
        elif kind == "ADJUSTMENT" and new:
            location = inner.pop("location_id")
            inner.update(from_location_id=location, to_location_id=location)
        return {"type": kind, kind.lower(): inner}


def _ticks(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise Refusal(400, "EXPECTED_JSON_BODY", "Expected a JSON object.")
    return body


def _texts(body: Mapping[str, Any], name: str) -> list[str]:
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refusal(400, "EXPECTED_ARRAY", "Expected an array.", name)
    return [str(item) for item in value]


def _moment(body: Mapping[str, Any], name: str) -> datetime | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise Refusal(400, "INVALID_TIME", f"{value} is not a time.", name) from None
    if moment.tzinfo is None:
        raise Refusal(400, "INVALID_TIME", f"{value} has no offset.", name)
    return moment

"""Square's endpoints over the seller's data (square.md §2, §3, §5)."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.clock import Clock
from sandbox.json_text import json_bytes
from sandbox.kit import Bucket, Key, ProviderApi, Record, Refusal, Row, place_of, sealed, unsealed
from sandbox.record import Call, Reply
from sandbox.square.data import SquareData
from sandbox.square.switches import SquareSwitches
from sandbox.square.view import CountsView

TOKEN = "sandbox-square-token"
NEW_CHANGES_FROM = "2026-07-15"
LATEST_VERSION = "2026-09-16"
VERSIONS = ("2024-01-18", "2025-08-20", "2026-07-15", "2026-08-19", LATEST_VERSION)
DEFAULT_LIMIT, MOST = 100, 1000
CHANGES_MEMBERS = {"location_ids", "updated_after", "cursor", "limit"}
COUNTS_MEMBERS = CHANGES_MEMBERS | {"catalog_object_ids"}
SEARCH_MEMBERS = {"object_types", "include_deleted_objects", "begin_time", "cursor", "limit"}
CATEGORIES = {401: "AUTHENTICATION_ERROR", 403: "AUTHENTICATION_ERROR", 429: "RATE_LIMIT_ERROR"}
FAILURE_CODES = {
    408: "REQUEST_TIMEOUT",
    429: "RATE_LIMITED",
    500: "INTERNAL_SERVER_ERROR",
    502: "BAD_GATEWAY",
    503: "SERVICE_UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}


class SquareApi(ProviderApi):
    """Answers Square's requests."""

    def __init__(
        self, data: SquareData, switches: SquareSwitches, clock: Clock, address: Callable[[], str]
    ) -> None:
        self.data = data
        self.switches = switches
        self._clock = clock
        self._view = CountsView(data, switches, clock)
        self._bucket = Bucket()

    @property
    def settings(self) -> dict[str, str]:
        """What an account must be told; the token works while `token_state` is valid."""
        return {"access_token": TOKEN}

    def route(self, call: Call) -> Reply:
        """One answer."""
        routes: Mapping[tuple[str, str], tuple[str, Callable[[Call], Reply]]] = {
            ("POST", "/v2/inventory/counts/batch-retrieve"): ("INVENTORY_READ", self._counts),
            ("POST", "/v2/inventory/changes/batch-retrieve"): ("INVENTORY_READ", self._changes),
            ("POST", "/v2/catalog/search"): ("ITEMS_READ", self._catalog_search),
            ("GET", "/v2/locations"): ("MERCHANT_PROFILE_READ", self._locations),
        }
        rate, says = self.switches.requests_per_second, self.switches.retry_after
        if self._bucket.wait(rate, 2 * (rate or 0)):
            headers = {} if says is None else {"Retry-After": says}
            raise Refusal(429, "Too many requests.", code="RATE_LIMITED", headers=headers)
        self._check_token(call)
        version = _version(call)
        if version not in VERSIONS:
            code = "INVALID_SQUARE_VERSION_FORMAT"
            raise Refusal(400, f"{version} is not a version.", code=code, field="Square-Version")
        if (call.method, call.path) not in routes:
            raise Refusal(404, "Resource not found.", code="NOT_FOUND")
        scope, route = routes[call.method, call.path]
        if scope in self.switches.missing_scopes:
            raise Refusal(403, f"The merchant has not given {scope}.", code="INSUFFICIENT_SCOPES")
        reply = route(call)
        reply.headers["Square-Version"] = version
        return reply

    def worded(self, refusal: Refusal) -> bytes:
        """The body of a refusal."""
        category = CATEGORIES.get(refusal.status, "INVALID_REQUEST_ERROR")
        error = {"category": category, "code": refusal.code, "detail": refusal.message}
        return json_bytes({"errors": [{**error, "field": refusal.field} if refusal.field else error]})

    def failure(self, status: int) -> bytes:
        """The body of an answer that failed at Square's end (square.md §5)."""
        is_ours = status not in CATEGORIES and (status >= 500 or status == 408)
        category = "API_ERROR" if is_ours else CATEGORIES.get(status, "INVALID_REQUEST_ERROR")
        code = FAILURE_CODES.get(status, "INTERNAL_SERVER_ERROR" if is_ours else "BAD_REQUEST")
        return json_bytes({"errors": [{"category": category, "code": code}]})

    def records(self, resource: str) -> Iterator[tuple[Key, bytes]]:
        """Every record of a resource as it would be served now, with its key."""
        match resource:
            case "inventory_counts":
                for place in self._view.places():
                    yield place[1:], self._view.render(place[1:])
            case "inventory_changes":
                for entry in self.data.changes:
                    change = _change(entry, LATEST_VERSION)
                    if change is not None:
                        yield (change["type"], entry["id"]), json_bytes(change)
            case "catalog_objects":
                for object_id in self.data.objects:
                    yield (object_id,), json_bytes(self.data.nested(object_id))
            case "locations":
                for location_id, found in self.data.locations.items():
                    yield (location_id,), json_bytes(found)
            case _:
                raise KeyError(resource)

    # Routes

    def _counts(self, call: Call) -> Reply:
        body = _checked_body(call.body, COUNTS_MEMBERS)
        objects, locations = _texts(body, "catalog_object_ids"), _texts(body, "location_ids")
        places = self._view.places(_moment(body, "updated_after"))
        if objects or locations:
            places = [
                place
                for place in places
                if (not objects or place[1] in objects) and (not locations or place[2] in locations)
            ]
        rows, number, cursor = self._page(call, body, places, lambda place: place)
        reply = self._reply("counts", [self._view.render(row[1:]) for row in rows], cursor)
        if self.switches.after_page is not None:
            self.switches.after_page(number)
        return reply

    def _changes(self, call: Call) -> Reply:
        body = _checked_body(call.body, CHANGES_MEMBERS)
        found = sorted(self._asked_changes(body, _version(call)), key=lambda row: row[:2])
        rows, _, cursor = self._page(call, body, found, lambda row: row[:2])
        return self._reply("changes", [json_bytes(change) for _, _, change in rows], cursor)

    def _asked_changes(self, body: Mapping[str, Any], version: str) -> Iterator[tuple[str, str, Record]]:
        locations, after = _texts(body, "location_ids"), _moment(body, "updated_after")
        for entry in self.data.changes:
            received = datetime.fromisoformat(entry["created_at"])
            is_on_time = received == after and self.switches.updated_after_inclusive
            if after is not None and received <= after and not is_on_time:
                continue
            change = _change(entry, version)
            places = {entry.get(name) for name in ("location_id", "from_location_id", "to_location_id")}
            if change is not None and (not locations or places & locations):
                yield entry["occurred_at"], entry["id"], change

    def _catalog_search(self, call: Call) -> Reply:
        body = _checked_body(call.body, SEARCH_MEMBERS)
        types, after = _texts(body, "object_types"), _moment(body, "begin_time")
        # With begin_time, deleted objects come whatever is asked (forum 23637).
        deleted = bool(body.get("include_deleted_objects")) or after is not None
        found = sorted(
            object_id
            for object_id, record in self.data.objects.items()
            if (not types or record["type"] in types)
            and (deleted or not record["is_deleted"])
            and (after is None or datetime.fromisoformat(record["updated_at"]) > after)
        )
        rows, _, cursor = self._page(call, body, found, lambda row: (row,))
        return self._reply("objects", [json_bytes(self.data.nested(row)) for row in rows], cursor)

    def _locations(self, call: Call) -> Reply:
        found = sorted(self.data.locations.values(), key=lambda location: str(location["name"]))
        return self._reply("locations", [json_bytes(location) for location in found], None)

    # Pages

    def _page(
        self,
        call: Call,
        body: Mapping[str, Any],
        rows: Sequence[Row],
        order: Callable[[Row], tuple[Any, ...]],
    ) -> tuple[Sequence[Row], int, str | None]:
        """The rows of the page that is asked for, its number, and the cursor to the next.

        Args:
            rows: all rows of the scan as they stand now, sorted by `order`, which is unique.
        """
        limit = self._limit(body)
        asked_for = {name: value for name, value in body.items() if name != "cursor"}
        digest = hashlib.sha256(json.dumps([call.path, asked_for], sort_keys=True).encode()).hexdigest()
        start, number = 0, 1
        if body.get("cursor"):
            state = self._opened(body["cursor"], call.path, digest)
            start, number = state["place"], state["number"] + 1
            if self.switches.paging == "keyed":
                last = tuple(state["last"])
                start = place_of(rows, lambda row: order(row) > last)
        is_left_empty = self.switches.empty_second_page and number == 2 and start < len(rows)
        page = rows[start : start + (0 if is_left_empty else limit)]
        end = start + len(page)
        if end >= len(rows):
            return page, number, None
        state = {
            "path": call.path,
            "digest": digest,
            "number": number,
            "place": end,
            "last": order(rows[end - 1]) if end else (),
            "at": self._clock.now().timestamp(),
        }
        return page, number, sealed(state)

    def _limit(self, body: Mapping[str, Any]) -> int:
        limit = body.get("limit", DEFAULT_LIMIT)
        if not isinstance(limit, int) or isinstance(limit, bool):
            raise Refusal(400, "Expected an integer value.", code="EXPECTED_INTEGER", field="limit")
        if not 1 <= limit <= MOST:
            code = "VALUE_TOO_LOW" if limit < 1 else "VALUE_TOO_HIGH"
            raise Refusal(400, f"Value {limit} is out of range.", code=code, field="limit")
        return min(limit, self.switches.page_rows or limit)

    def _opened(self, cursor: Any, path: str, digest: str) -> dict[str, Any]:
        state = unsealed(cursor)
        why = ""
        if state is None:
            why = "The cursor is damaged."
        elif self.switches.expire_next_cursors > 0:
            self.switches.expire_next_cursors -= 1
            why = "The cursor has expired."
        elif self._clock.now().timestamp() - state["at"] >= self.switches.cursor_ttl_seconds:
            why = "The cursor has expired."
        elif state["path"] != path or (self.switches.check_same_body and state["digest"] != digest):
            why = "The cursor belongs to another request."
        if state is None or why:
            raise Refusal(400, why, code="INVALID_CURSOR", field="cursor")
        return state

    # Checks

    def _check_token(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "This request could not be authorized.", code="UNAUTHORIZED")
        if self.switches.token_state != "valid":
            state = self.switches.token_state.upper()
            raise Refusal(401, f"The access token is {state.lower()}.", code=f"ACCESS_TOKEN_{state}")

    # Parts

    def _reply(self, member: str, rows: Sequence[bytes], cursor: str | None) -> Reply:
        parts = []
        if rows or not self.switches.missing_key_when_empty:
            parts.append(f'"{member}":['.encode() + b",".join(rows) + b"]")
        if cursor:
            parts.append(f'"cursor":"{cursor}"'.encode())
        if self.switches.errors_on_success:
            parts.append(b'"errors":[]')
        return Reply(200, b"{" + b",".join(parts) + b"}", len(rows))


def _version(call: Call) -> str:
    return call.headers.get("square-version", LATEST_VERSION)


def _change(entry: Record, version: str) -> Record | None:
    """An inventory change in the shape of an API version; None where that version does not show it."""
    inner = {name: value for name, value in entry.items() if name != "kind"}
    kind = entry["kind"]
    is_new = version >= NEW_CHANGES_FROM
    if kind == "TRANSFER":
        if not is_new:
            return None  # cannot be asked for (square.md §2.3)
        state = inner.pop("state")
        inner.update(from_state=state, to_state=state)
        kind = "ADJUSTMENT"
    elif kind == "ADJUSTMENT" and is_new:
        location = inner.pop("location_id")
        inner.update(from_location_id=location, to_location_id=location)
    return {"type": kind, kind.lower(): inner}


def _checked_body(body: Any, known: Collection[str]) -> Mapping[str, Any]:
    """A request's body, if it is an object with known members only.

    Raises:
        Refusal: it is not.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "Expected a JSON object.", code="EXPECTED_JSON_BODY")
    for name in body:
        if name not in known:
            raise Refusal(400, f"{name} is not a parameter.", code="UNKNOWN_BODY_PARAMETER", field=name)
    return body


def _texts(body: Mapping[str, Any], name: str) -> set[str]:
    """An array of texts; empty where it is left out.

    Raises:
        Refusal: it is no array.
    """
    value = body.get(name)
    if value is None:
        return set()
    if not isinstance(value, list):
        raise Refusal(400, "Expected an array.", code="EXPECTED_ARRAY", field=name)
    return {str(item) for item in value}


def _moment(body: Mapping[str, Any], name: str) -> datetime | None:
    """An RFC 3339 time; None where it is left out.

    Raises:
        Refusal: it is no time, or has no offset.
    """
    value = body.get(name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise Refusal(400, f"{value} is not a time.", code="INVALID_TIME", field=name) from None
    if found.tzinfo is None:
        raise Refusal(400, f"{value} has no offset.", code="INVALID_TIME", field=name)
    return found

"""ShipStream's endpoints over the 3PL's data (shipstream.md §1, §2, §3, §5)."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.clock import Clock
from sandbox.kit import Kept, Key, ProviderApi, Record, Refusal, claims_of, place_of, signed_token
from sandbox.record import Call, Reply
from sandbox.shipstream.data import ShipStreamData
from sandbox.shipstream.filters import tests_of
from sandbox.shipstream.switches import ShipStreamSwitches
from sandbox.shipstream.view import Level, View, json_text

LATEST_VERSION = "2025-10"
VERSIONS = ("2024-04", "2025-03", LATEST_VERSION)
VERSION_HEADER = "X-ShipStream-API-Version"
PARAMETERS = {"filter", "sort", "fields", "fields:product", "count", "limit", "cursor_start"}
LEVEL_BASICS = ("type", "product", "warehouse", "warehouse_id", "updated_at")
"""All that a level shows to who does not ask for all of its fields."""
NEVER = datetime.min


class ShipStreamApi(ProviderApi):
    """Answers ShipStream's requests."""

    base_path = "/api/global"

    def __init__(
        self, data: ShipStreamData, switches: ShipStreamSwitches, clock: Clock, address: Callable[[], str]
    ) -> None:
        self.data = data
        self.switches = data.switches = switches
        self._clock = clock
        self._address = address
        self._view = View(data, switches)
        self._sorted: Kept[list[Any]] = Kept()

    @property
    def settings(self) -> dict[str, str]:
        """What an account must be told; the token is made under the switches of this moment."""
        now, days = self._clock.now(), self.switches.token_days
        claims: Record = {
            "aud": self.switches.token_audience or self._address(),
            "iat": int(now.timestamp()),
        }
        if days is not None:
            claims["exp"] = int((now + timedelta(days=days)).timestamp())
        return {"access_token": signed_token(claims), "api_version": LATEST_VERSION}

    def route(self, call: Call) -> Reply:
        """One answer."""
        routes: Mapping[str, Callable[[Call], Reply]] = {
            "/v1/inventory/levels/total": self._totals,
            "/v1/inventory/levels/warehouse": self._warehouse_levels,
            "/v1/inventory/warehouses": self._warehouses,
            "/v1/system/merchants": self._merchants,
            "/v1/system/status": self._status,
        }
        route = routes.get(call.path.removeprefix(self.base_path))
        if route != self._status:
            self._check_token(call)
        if route is None or not call.path.startswith(self.base_path):
            raise Refusal(404, f"There is no {call.path}.")
        if call.method != "GET":
            raise Refusal(405, f"{call.method} is not allowed.")
        version = self._version(call)
        reply = route(call)
        reply.headers[VERSION_HEADER] = self.switches.echoed_version or version
        return reply

    def worded(self, refusal: Refusal) -> bytes:
        """The body of a refusal."""
        error: Record = {"type": "application", "message": refusal.message}
        if refusal.field:
            error["details"] = [{"key": refusal.field, "message": refusal.message}]
        return json_text({"errors": [error]}).encode()

    def failure(self, status: int) -> bytes:
        """The body of a failure that the sandbox was told to have."""
        return b"" if self.switches.failure_body == "empty" else super().failure(status)

    def records(self, resource: str) -> Iterator[tuple[Key, str]]:
        """Every record of a resource as it would be served now to who asks for all fields, with its key."""
        data, key = self.data, self.data.total_key
        match resource:
            case "total_levels":
                for level in self._view.totals():
                    yield key(level.product.id), level.json()
            case "warehouse_levels":
                for level in self._view.warehouse_levels():
                    yield (*key(level.product.id), str(level.warehouse)), level.json()
            case "products":
                for product in data.products.values():
                    if self._view.is_served(product):
                        yield key(product.id), self._view.product_text(product)
            case "warehouses" | "merchants":
                for record in (data.warehouses if resource == "warehouses" else data.merchants).values():
                    yield (str(record["id"]),), json_text(record)
            case _:
                raise KeyError(resource)

    # Routes

    def _totals(self, call: Call) -> Reply:
        return self._levels(call, self._view.totals, attrgetter("product.id"))

    def _warehouse_levels(self, call: Call) -> Reply:
        counts = "row" if self.switches.warehouse_level_cursor == "row" else "product.id"
        return self._levels(call, self._view.warehouse_levels, attrgetter(counts))

    def _levels(
        self, call: Call, rows: Callable[[], list[Level]], cursor_of: Callable[[Level], int]
    ) -> Reply:
        filters = tuple(value for name, value in call.params if name == "filter")
        sort = call.query.get("sort", "-updated_at")
        if sort not in ("product_id", "-updated_at"):
            raise Refusal(400, f"Cannot sort by {sort}.", field="sort")

        def found() -> list[Level]:
            tests = tests_of(filters, self.switches)
            passed = sorted((row for row in rows() if all(test(row) for test in tests)), key=cursor_of)
            if sort == "product_id":
                return passed
            return sorted(passed, key=lambda row: (row.at or NEVER).replace(tzinfo=None), reverse=True)

        matches = self._sorted.get(self._view.state, (call.path, filters, sort), found)
        how = self.switches.cursor_by_product_id if sort == "product_id" else "400"
        if "cursor_start" in call.query and how == "400":
            raise Refusal(400, "A cursor needs a sort by id.", field="cursor_start")
        reply, number = self._page(call, matches, cursor_of, starts_over=how == "repeat")
        if self.switches.after_page is not None:
            self.switches.after_page(number)
        return reply

    def _warehouses(self, call: Call) -> Reply:
        return self._page(call, list(self.data.warehouses.values()), itemgetter("id"))[0]

    def _merchants(self, call: Call) -> Reply:
        return self._page(call, list(self.data.merchants.values()), itemgetter("id"))[0]

    def _status(self, call: Call) -> Reply:
        now = self._clock.now()
        told: Record = {
            "status": "healthy",
            "details": "All systems operational.",
            "authentication": self._token_fault(call) or "valid",
            "instance_id": "sandbox",
            "timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
            "version": "2025.3.1",
            "build": "20251001-1",
        }
        return Reply(200, json_text(told).encode())

    # Checks

    def _check_token(self, call: Call) -> None:
        fault = self._token_fault(call)
        if fault is not None:
            raise Refusal(401, f"The access token is {fault}.")
        if self.switches.token_requests is not None:
            self.switches.token_requests -= 1

    def _token_fault(self, call: Call) -> str | None:
        """What is wrong with the credentials; None when nothing is."""
        authorization = call.headers.get("authorization")
        if authorization is None:
            return "missing"
        found = re.fullmatch(r"Bearer ([\w-]+\.[\w-]+\.[\w-]+)", authorization)
        claims = None if found is None else claims_of(found[1])
        if claims is None or claims["aud"] != self._address():
            return "invalid"
        if claims.get("exp", float("inf")) <= self._clock.now().timestamp():
            return "expired"
        if self.switches.token_state == "revoked":
            return "revoked"
        return "expired" if self.switches.token_requests == 0 else None

    def _version(self, call: Call) -> str:
        """The version that is in effect."""
        asked = call.headers.get(VERSION_HEADER.lower(), LATEST_VERSION)
        if asked in VERSIONS:
            return asked
        message = f"The API version {asked} is not a version; the latest is {LATEST_VERSION}."
        headers = {f"{VERSION_HEADER}-Error": message}
        raise Refusal(400, message, field=VERSION_HEADER, headers=headers)

    # Parts

    def _page(
        self,
        call: Call,
        rows: Sequence[Any],
        cursor_of: Callable[[Any], int],
        *,
        starts_over: bool = False,
    ) -> tuple[Reply, int]:
        """A page of a list, and its number. A cursor is that of the first row of its page."""
        for name, _ in call.params:
            if name not in PARAMETERS:
                raise Refusal(400, f"There is no parameter {name}.", field=name)
        limit = _integer(call, "limit", 100)
        if not 1 <= limit <= 1000:
            raise Refusal(400, "limit must be 1 to 1000.", field="limit")
        begin = 0
        if "cursor_start" in call.query and not starts_over:
            cursor = _integer(call, "cursor_start", 0)
            begin = place_of(rows, lambda row: cursor_of(row) >= cursor)
        page = rows[begin : begin + limit]
        following = cursor_of(rows[begin + limit]) if begin + limit < len(rows) else None
        end = following if following is not None or not page else cursor_of(page[-1]) + 1
        meta: Record = {
            "processing_time": Decimal(f"0.{10000 + len(page)}"),
            "cursor_start": cursor_of(page[0]) if page else None,
            "cursor_end": end,
        }
        if call.query.get("count") == "1":
            meta["count"] = len(rows) + self.switches.count_skew
        envelope: Record = {
            "has_more": following is not None,
            **self._next(call, following, end),
            "previous": None,  # nobody goes back
            "meta": meta,
        }
        if self.switches.envelope == "hasMore":
            envelope = {_camel(name): value for name, value in envelope.items()}
            envelope["meta"] = {_camel(name): value for name, value in meta.items()}
        parts = [f'"collection":[{",".join(self._texts(call, page))}]']
        if "all" in call.query.get("fields:product", ""):
            included = self._included(row.product.id for row in page)
            kinds = (f'"{kind}":[{",".join(products)}]' for kind, products in included.items())
            parts.append(f'"included":{{{",".join(kinds)}}}')
        parts.append(json_text(envelope)[1:-1])
        return Reply(200, ("{" + ",".join(parts) + "}").encode(), len(page)), 1 + begin // limit

    def _texts(self, call: Call, page: Sequence[Any]) -> Iterator[str]:
        for row in page:
            if not isinstance(row, Level):
                yield json_text(row)
            elif call.query.get("fields") == "all":
                yield row.json()
            else:
                yield json_text({name: row.record[name] for name in LEVEL_BASICS if name in row.record})

    def _included(self, ids: Iterable[int]) -> dict[str, list[str]]:
        products = dict.fromkeys(ids)
        if self.switches.repeated_included:
            served = (one.id for one in self.data.products.values() if self._view.is_served(one))
            products[next(served)] = None
        included: dict[str, list[str]] = {}
        for product in map(self.data.products.__getitem__, products):
            included.setdefault(self.data.type_of(product), []).append(self._view.product_text(product))
        return included

    def _next(self, call: Call, cursor: int | None, end: int | None) -> dict[str, str | None]:
        """The member that leads to the next page.

        Args:
            end: the cursor of the empty page behind the last.
        """
        if cursor is None:
            match self.switches.next_at_end:
                case "absent":
                    return {}
                case "empty":
                    return {"next": ""}
                case "present" if end is not None:
                    cursor = end
                case _:
                    return {"next": None}
        kept = [
            (name, value)
            for name, value in call.params
            if name != "cursor_start" and (self.switches.next_carries_all or name == "limit")
        ]
        query = "?" + urlencode([*kept, ("cursor_start", str(cursor))], quote_via=quote)
        if self.switches.next_link == "query_only":
            return {"next": query}
        whole = f"{self._address()}{call.path}{query}"
        if self.switches.next_link == "absolute":
            return {"next": whole}
        return {"next": "/" + whole.split("://", 1)[1].partition("/")[2]}


def _integer(call: Call, name: str, default: int) -> int:
    try:
        return int(call.query.get(name, default))
    except ValueError:
        raise Refusal(400, f"{name} must be a whole number.", field=name) from None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)

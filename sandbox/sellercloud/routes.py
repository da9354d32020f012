"""Sellercloud's endpoints over the account's data (sellercloud.md §1, §2, §3, §5)."""

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from sandbox.clock import Clock
from sandbox.json_text import json_text
from sandbox.kit import Kept, Key, ProviderApi, Record, Refusal, Tokens, signed_token
from sandbox.record import Call, Reply
from sandbox.sellercloud.data import SellercloudData
from sandbox.sellercloud.filters import KNOWN, asked_of, integer, tests_of, warehouses_of
from sandbox.sellercloud.local_time import local, spell, ticks
from sandbox.sellercloud.switches import SellercloudSwitches
from sandbox.sellercloud.view import Row, View

USERNAME = "stocktake@acme.example"
PASSWORD = 'pä"ss&w+rd #1'
DEFAULT_SIZE, LARGEST_SIZE = 10, 50
MEANINGS = {
    400: "The request is invalid.",
    401: "Not Valid Token",
    403: "You have no permission to do this.",
    404: "Not found.",
    405: "The requested resource does not support this method.",
}


class SellercloudApi(ProviderApi):
    """Answers Sellercloud's requests."""

    base_path = "/rest/api"

    def __init__(
        self, data: SellercloudData, switches: SellercloudSwitches, clock: Clock, address: Callable[[], str]
    ) -> None:
        self.data = data
        self.switches = data.switches = switches
        self._clock = clock
        self._tokens = Tokens(clock)
        self._view = View(data, switches, clock)
        self._matches: Kept[list[Row]] = Kept()
        self._shuffles = 0
        self._counted = 0
        self._throttled: tuple[float, datetime] | None = None
        """Until when, in real time and by the sandbox's clock."""

    @property
    def settings(self) -> dict[str, str]:
        """What an account must be told, under the switches of this moment."""
        return {
            "username": USERNAME,
            "password": PASSWORD,
            "timezone": self.switches.timezone,
            "requests_per_second": "1000",
        }

    def route(self, call: Call) -> Reply:
        """One answer."""
        routes: Mapping[str, tuple[str, Callable[[Call], Reply]]] = {
            "/token": ("POST", self._token),
            "/inventory": ("GET", self._inventory),
            "/warehouses": ("GET", self._warehouses),
        }
        path = call.path.lower().rstrip("/")
        self._check_throttle()
        is_ours = path.startswith(self.base_path)
        method, route = routes.get(path.removeprefix(self.base_path) if is_ours else "", ("", None))
        if route != self._token:
            self._check_token(call.headers.get("authorization", ""))
        if route is None:
            raise Refusal(404)
        if call.method != method:
            raise Refusal(405)
        return route(call)

    def answer(self, call: Call) -> Reply:
        """One answer, a refusal too."""
        reply = super().answer(call)
        if reply.body.startswith(b"<"):
            reply.headers["Content-Type"] = "text/html; charset=utf-8"
        return reply

    def worded(self, refusal: Refusal) -> bytes:
        """The body of a refusal."""
        message = MEANINGS.get(refusal.status, "An error has occurred.")
        match self.switches.error_body:
            case "none":
                return b""
            case "html":
                return f"<html><body><h1>{refusal.status}</h1>{message}</body></html>".encode()
        return json_text({"Message": message}).encode()

    def records(self, resource: str) -> Iterator[tuple[Key, str]]:
        """Every record of a resource as it would be served now, with its key."""
        match resource:
            case "inventory":
                for row in self._found({}):
                    yield (row.product.id,), self._view.text(row.product)
            case "warehouses":
                for one in self.data.warehouses.values():
                    yield (str(one["ID"]),), self._warehouse_text(one)
            case "warehouse_inventory":
                for place in self.data.warehouses:
                    for row in self._found({"warehouse": (str(place),)}):
                        yield (str(place), row.product.id), self._view.text(row.product, [place])
            case _:
                raise KeyError(resource)

    # Routes

    def _token(self, call: Call) -> Reply:
        given = call.body if isinstance(call.body, dict) else {}
        given = {str(name).lower(): value for name, value in given.items()}
        if not given.get("username") or not given.get("password"):
            raise Refusal(400)
        if (str(given["username"]).lower(), given["password"]) != (USERNAME, PASSWORD):
            raise Refusal(401)
        if self.switches.login != "granted":
            raise Refusal(int(self.switches.login))
        made = self._clock.now()
        lives = timedelta(seconds=self.switches.token_seconds)
        ends = made + lives if self.switches.token_dates == "right" else made - lives / 2
        told: Record = {
            "access_token": self._tokens.give(
                signed_token({"unique_name": USERNAME, "jti": len(self._tokens) + 1})
            ),
            "token_type": "Bearer",
            "username": USERNAME,
            ".issued": self._plain(made),
            ".expires": self._plain(ends),
        }
        # A double in the Swagger.
        text = f'{{"expires_in":{self.switches.token_seconds!r},{json_text(told)[1:]}'
        return Reply(200, text.encode())

    def _inventory(self, call: Call) -> Reply:
        asked = asked_of(call)
        number, size = self._paging(asked, DEFAULT_SIZE)
        places = warehouses_of(asked, self.data)
        found = self._found(asked)
        if self.switches.row_order == "shuffled":
            self._shuffles += 1
            chance = random.Random(self._shuffles)  # noqa: S311  chance that can be repeated, nothing secret
            found = chance.sample(found, len(found))
        start = (number - 1) * size
        if start >= len(found) and self.switches.beyond_end == "repeat_last":
            start = max(0, (len(found) - 1) // size * size)
        rows = found[start : start + size]
        items = f"[{','.join(self._view.text(row.product, places) for row in rows)}]"
        is_null = start >= len(found) and self.switches.beyond_end == "null"
        if is_null or number == self.switches.null_items_page:
            items, rows = "null", []
        members = [f'"Items":{items}']
        if self.switches.total_results != "absent":
            is_told = self.switches.total_results == "told"
            members.append(f'"TotalResults":{len(found) + self.switches.total_skew if is_told else "null"}')
        reply = Reply(200, f"{{{','.join(members)}}}".encode(), len(rows))
        if self.switches.after_page is not None:
            self.switches.after_page(number)
        return reply

    def _warehouses(self, call: Call) -> Reply:
        if self.switches.warehouses_permission != "granted":
            raise Refusal(int(self.switches.warehouses_permission))
        asked = asked_of(call)
        found = list(self.data.warehouses.values())
        # The contract names no page here: there is one only for who asks for it.
        number, size = 1, len(found)
        if "pagenumber" in asked or "pagesize" in asked:
            number, size = self._paging(asked, len(found))
        rows = found[(number - 1) * size :][:size]
        items = f"[{','.join(map(self._warehouse_text, rows))}]"
        if self.switches.warehouses_shape == "envelope":
            items = f'{{"Items":{items},"TotalResults":{len(found)}}}'
        return Reply(200, items.encode(), len(rows))

    # Checks

    def _check_throttle(self) -> None:
        """Counts a request; after so many, the next ones are refused for a while of real time."""
        most = self.switches.throttle_after
        if most is None:
            self._counted, self._throttled = 0, None
            return
        now, seconds = self._clock.now(), self.switches.throttle_seconds
        if self._throttled is not None:
            # The sandbox's clock may stand still while real time passes, or be moved on without any.
            if time.monotonic() >= self._throttled[0] or now >= self._throttled[1]:
                self._counted, self._throttled = 0, None
        elif self._counted >= most:
            self._throttled = time.monotonic() + seconds, now + timedelta(seconds=seconds)
        if self._throttled is None:
            self._counted += 1
            return
        resets_at = self._throttled[1]
        told = {"Error": "Too many requests.", "RateLimitResetTime": ticks(resets_at)}
        left = math.ceil((resets_at - now).total_seconds())
        headers = {"Retry-After": str(left)} if self.switches.throttle_retry_after else {}
        raise Refusal(self.switches.throttle_status, headers=headers, body=json_text(told).encode())

    def _check_token(self, authorization: str) -> None:
        kind, _, token = authorization.partition(" ")
        switches = self.switches
        if kind != "Bearer" or not self._tokens.take(
            token, seconds=switches.token_seconds, requests=switches.token_requests
        ):
            raise Refusal(401)

    # Parts

    def _paging(self, asked: Mapping[str, tuple[str, ...]], size: int) -> tuple[int, int]:
        number = max(1, integer(asked, "pagenumber", 1))
        size = max(1, integer(asked, "pagesize", size))
        return number, min(size, LARGEST_SIZE) if self.switches.page_clamp == "clamp" else size

    def _found(self, asked: Mapping[str, tuple[str, ...]]) -> list[Row]:
        """The rows that match, in the order of the moment."""
        question = tuple(sorted((name, values) for name, values in asked.items() if name in KNOWN))

        def find() -> list[Row]:
            tests = tests_of(asked, self.data, self.switches)
            found = [row for row in self._view.rows() if all(test(row) for test in tests)]
            if self.switches.row_order in ("modified", "modified_desc"):
                found.sort(
                    key=lambda row: (row.modified or datetime.min, row.product.id),
                    reverse=self.switches.row_order == "modified_desc",
                )
            return found

        return self._matches.get(self._view.state, question, find)

    def _warehouse_text(self, warehouse: Record) -> str:
        return json_text({**warehouse, "CreatedOn": self._view.told(warehouse["CreatedOn"])})

    def _plain(self, moment: datetime) -> str:
        return spell(local(moment, self._view.zone, "seconds"))

"""S2's endpoints over the organisation's data (ventmere_s2.md §1, §2, §5)."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.json_text import writer
from sandbox.kit import Key, ProviderApi, Record, Refusal, Tokens
from sandbox.record import Call, Reply
from sandbox.ventmere_s2.data import LevelKey, VentmereS2Data
from sandbox.ventmere_s2.switches import VentmereS2Switches

EMAIL, PASSWORD = "loader@example.com", "sandbox-s2-password"
FIXED_TOKEN = "sandbox-s2-token"


class VentmereS2Api(ProviderApi):
    """Answers S2's requests."""

    def __init__(
        self, data: VentmereS2Data, switches: VentmereS2Switches, clock: Clock, address: Callable[[], str]
    ) -> None:
        self.data = data
        self.switches = switches
        self._clock = clock
        self._tokens = Tokens(clock)

    @property
    def settings(self) -> dict[str, str]:
        """What an account must be told; the token works while `token_state` is valid."""
        return {
            "access_token": FIXED_TOKEN,
            "organization_id": self.organization_id,
            "available_basis": "net",
        }

    @property
    def credentials(self) -> dict[str, str]:
        """What logs in, in place of the token."""
        return {"email": EMAIL, "password": PASSWORD}

    @property
    def organization_id(self) -> str:
        """The organisation whose stock this is."""
        return str(self.data.organizations[2]["id"])

    def route(self, call: Call) -> Reply:
        """One answer."""
        if (call.method, call.path) == ("POST", self.switches.login_path):
            return self._login(call)
        self._check_token(call)
        self._check_organization(call)
        if (call.method, call.path) == ("GET", "/inventory/overview"):
            return self._zip(call, self._overview(call))
        if (call.method, call.path) == ("GET", "/product"):
            return self._zip(call, self._products(call))
        raise Refusal(404, "not found")

    def worded(self, refusal: Refusal) -> bytes:
        """The body of a refusal: a sentence with a reference id and a stray space (ventmere_s2.md §5)."""
        reference = "ee21f844-efab-44f2-809b-37d19545968b"
        said = refusal.message.rstrip(".")
        return json.dumps({"message": f"{said}, reference ID for support: {reference}. "}).encode()

    def records(self, resource: str) -> Iterator[tuple[Key, bytes]]:
        """Every record of a resource as it would be served now, with its key."""
        match resource:
            case "inventory_items":
                for level in self.data.levels:
                    yield level, _json(self._item(level))
            case "products" | "warehouses":
                found = self.data.products if resource == "products" else self.data.warehouses
                for key, record in found.items():
                    yield (key,), _json(record)
            case _:
                raise KeyError(resource)

    # Routes

    def _login(self, call: Call) -> Reply:
        if call.body != self.credentials:
            raise Refusal(401, "wrong email or password")
        token = self._tokens.give(f"sandbox-s2-session-{len(self._tokens) + 1}")
        ends = self._clock.now() + timedelta(seconds=self.switches.token_seconds)
        return Reply(200, _json({self.switches.token_member: token, "expiresAt": ends}))

    def _overview(self, call: Call) -> Reply:
        how = self.switches.overview if self._is_own(call) else "empty"
        document: dict[str, Any] = {
            "warehouses": list(self.data.warehouses.values()),
            "products": list(self.data.products.values()),
            "items": self._items(),
        }
        if how == "empty":
            document = {member: [] for member in document}
        elif how.startswith("without_"):
            del document[how.removeprefix("without_")]
        elif how == "null_items":
            document["items"] = None
        rows = sum(len(part or ()) for part in document.values())
        body = _json(document)
        if how == "truncated":
            body = body[: len(body) * 2 // 3]
        return Reply(200, body, rows)

    def _products(self, call: Call) -> Reply:
        """The list, of which nobody asks more than the first product."""
        limit = call.query.get("limit", "100")
        if not limit.isdecimal() or not 1 <= int(limit) <= 100:
            raise Refusal(400, "bad limit")
        found = list(self.data.products.values()) if self._is_own(call) else []
        page = found[: int(limit)]
        return Reply(200, _json({"items": page, "total": len(found)}), len(page))

    # Checks

    def _check_token(self, call: Call) -> None:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if token == FIXED_TOKEN and self.switches.token_state == "valid":
            return
        lives, most = self.switches.token_seconds, self.switches.token_requests
        if not self._tokens.take(token, seconds=lives, requests=most):
            raise Refusal(401, "the access token is not valid")

    def _check_organization(self, call: Call) -> None:
        asked = call.headers.get("x-s2-organization")
        if asked is None and self.switches.user_organizations > 1:
            raise Refusal(400, "X-S2-Organization is required")
        if asked is not None and asked not in self._own_organizations():
            raise Refusal(self.switches.foreign_organization_status, "unauthorized")

    def _is_own(self, call: Call) -> bool:
        """Not of another organisation of the same user, which is empty (ventmere_s2.md §4, assumed)."""
        return call.headers.get("x-s2-organization", self.organization_id) == self.organization_id

    # Records

    def _items(self) -> list[Record]:
        items = [self._item(key) for key in self.data.levels]
        if self.switches.duplicate_level:
            key = next(iter(self.data.levels))
            older = self._item(key)
            level = older["level"]
            older["level"] = {
                **level,
                "available": level["available"] + 7,
                "updatedAt": level["updatedAt"] - timedelta(hours=2),
            }
            items.insert(0 if self.switches.older_duplicate_first else len(items), older)
        return items

    def _item(self, key: LevelKey) -> Record:
        warehouse, product = key
        return {"warehouseId": warehouse, "level": {"productId": product, **self.data.levels[key]}}

    def _own_organizations(self) -> list[str]:
        own, *others = (str(self.data.organizations[place]["id"]) for place in (2, 0, 1))
        return [own, *others][: self.switches.user_organizations]

    def _zip(self, call: Call, reply: Reply) -> Reply:
        if self.switches.gzip and "gzip" in call.headers.get("accept-encoding", ""):
            reply.body = gzip.compress(reply.body)
            reply.headers["Content-Encoding"] = "gzip"
        return reply


_text = writer(lambda moment: moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z")
"""Instants have six digits of a second."""


def _json(value: Any) -> bytes:
    return _text(value).encode()

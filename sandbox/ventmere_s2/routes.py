"""S2's endpoints over the organisation's data (ventmere_s2.md §1, §2, §5)."""

import gzip
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.record import Call, Reply
from sandbox.ventmere_s2.data import LevelKey, Record, VentmereS2Data
from sandbox.ventmere_s2.switches import VentmereS2Switches

EMAIL, PASSWORD = "loader@example.com", "sandbox-s2-password"
FIXED_TOKEN = "sandbox-s2-token"
LIST_LIMIT = 100


class VentmereS2Api:
    """Answers S2's requests."""

    base_path = ""

    def __init__(
        self, data: VentmereS2Data, switches: VentmereS2Switches, clock: Clock, address: Callable[[], str]
    ) -> None:
        self.data = data
        self.switches = switches
        self._clock = clock
        self._logins = 0
        self._left: dict[str, int | None] = {}
        self._ends: dict[str, datetime] = {}

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

    def answer(self, call: Call) -> Reply:
        """One answer."""
        if (call.method, call.path) == ("POST", self.switches.login_path):
            return self._login(call)
        refused = self._check_token(call) or self._check_organization(call)
        if refused is not None:
            return refused
        if (call.method, call.path) == ("GET", "/inventory/overview"):
            return self._zip(call, self._overview(call))
        if (call.method, call.path) == ("GET", "/product"):
            return self._zip(call, self._products(call))
        return _refusal(404, "not found")

    def failure(self, status: int) -> bytes:
        """The body of a failure that the sandbox was told to have."""
        return _refusal(status, "something went wrong").body

    def truth(self, resource: str) -> dict[tuple[str, ...], Record]:
        """Every record of a resource as it would be served now, by key.

        Raises:
            KeyError: there is no such resource.
        """
        match resource:
            case "inventory_items":
                return {key: self._read(self._item(key)) for key in self.data.levels}
            case "products":
                return {(key,): self._read(self._shown(found)) for key, found in self.data.products.items()}
            case "warehouses":
                return {(key,): self._read(found) for key, found in self.data.warehouses.items()}
        raise KeyError(resource)

    # Routes

    def _login(self, call: Call) -> Reply:
        if call.body != self.credentials:
            return _refusal(401, "wrong email or password")
        self._logins += 1
        token = f"sandbox-s2-session-{self._logins}"
        self._left[token] = self.switches.token_requests
        self._ends[token] = self._clock.now() + timedelta(seconds=self.switches.token_seconds)
        return Reply(200, self._json({self.switches.token_member: token, "expiresAt": self._ends[token]}))

    def _overview(self, call: Call) -> Reply:
        how = self.switches.overview
        if call.headers.get("x-s2-organization", self.organization_id) != self.organization_id:
            how = "empty"  # another organisation of the same user (ventmere_s2.md §4, assumed)
        document: dict[str, Any] = {
            "warehouses": list(self.data.warehouses.values()),
            "products": [self._shown(product) for product in self.data.products.values()],
            "items": self._items(),
        }
        if how == "empty":
            document = {member: [] for member in document}
        elif how.startswith("without_"):
            del document[how.removeprefix("without_")]
        elif how == "null_items":
            document["items"] = None
        rows = sum(len(part or ()) for part in document.values())
        body = self._json(document).ljust(self.switches.overview_bytes)
        if how == "truncated":
            body = body[: len(body) * 2 // 3]
        return Reply(200, body, rows)

    def _products(self, call: Call) -> Reply:
        try:
            limit, offset = int(call.query.get("limit", LIST_LIMIT)), int(call.query.get("offset", 0))
        except ValueError:
            return _refusal(400, "bad limit or offset")
        if not 1 <= limit <= LIST_LIMIT or offset < 0:
            return _refusal(400, "bad limit or offset")
        term = call.query.get("term", "").lower()
        found = [
            self._shown(product)
            for product in self.data.products.values()
            if term in product["sku"].lower() or term in product["name"].lower()
        ]
        if call.headers.get("x-s2-organization", self.organization_id) != self.organization_id:
            found = []
        page = found[offset : offset + limit]
        return Reply(200, self._json({"items": page, "total": len(found)}), len(page))

    def _check_token(self, call: Call) -> Reply | None:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if token == FIXED_TOKEN and self.switches.token_state == "valid":
            return None
        left = self._left.get(token, 0)
        if (left is not None and left <= 0) or self._clock.now() >= self._ends[token]:
            return _refusal(401, "the access token is not valid")
        if left is not None:
            self._left[token] = left - 1
        return None

    def _check_organization(self, call: Call) -> Reply | None:
        asked = call.headers.get("x-s2-organization")
        if asked is None and self.switches.user_organizations > 1:
            return _refusal(400, "X-S2-Organization is required")
        if asked is not None and asked not in self._own_organizations():
            return _refusal(self.switches.foreign_organization_status, "unauthorized")
        return None

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

    def _shown(self, record: Record) -> Record:
        if self.switches.other_ids_as_objects and record.get("otherIds"):
            return {**record, "otherIds": [{"type": "ALT", "value": code} for code in record["otherIds"]]}
        return record

    def _own_organizations(self) -> list[str]:
        own, *others = (str(self.data.organizations[place]["id"]) for place in (2, 0, 1))
        return [own, *others][: self.switches.user_organizations]

    def _json(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=self._spell).encode()

    def _read(self, record: Record) -> Record:
        """The record as a reader gets it."""
        read: Record = json.loads(self._json(record))
        return read

    def _spell(self, moment: datetime) -> str:
        """An instant with six digits of a second."""
        text = moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
        return re.sub(r"(\.|(?<=\d{3}))(000)+Z$", "Z", text) if self.switches.short_fractions else text

    def _zip(self, call: Call, reply: Reply) -> Reply:
        if self.switches.gzip and "gzip" in call.headers.get("accept-encoding", ""):
            reply.body = gzip.compress(reply.body)
            reply.headers["Content-Encoding"] = "gzip"
        return reply


def _refusal(status: int, message: str) -> Reply:
    """S2's error body: one member, a sentence with a reference id and a stray space (ventmere_s2.md §5)."""
    reference = "ee21f844-efab-44f2-809b-37d19545968b"
    return Reply(
        status, json.dumps({"message": f"{message}, reference ID for support: {reference}. "}).encode()
    )

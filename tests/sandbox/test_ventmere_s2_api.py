"""Ventmere S2's room: logins, organisations, snapshots that are whole or broken."""

import json
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from sandbox.ventmere_s2 import VentmereS2Switches
from tests.sandbox.reading import overview

PROVIDER = "ventmere_s2"
OVERVIEW = "/inventory/overview"


@pytest.fixture
def login(sandbox: Sandbox, s2: httpx.Client) -> dict[str, str]:
    """The header of a session."""
    told = s2.post("/login", json=sandbox.apis["ventmere_s2"].credentials).json()
    return {"Authorization": f"Bearer {told['accessToken']}"}


def status(client: httpx.Client, **headers: str) -> int:
    return client.get(OVERVIEW, headers=headers).status_code


def test_a_login_gives_a_token_for_seven_days(sandbox: Sandbox, s2: httpx.Client) -> None:
    told = s2.post("/login", json=sandbox.apis["ventmere_s2"].credentials).json()
    assert told["expiresAt"] == "2026-01-12T08:00:00.000000Z"
    bearer = {"Authorization": f"Bearer {told['accessToken']}"}
    sandbox.clock.advance(days=7, seconds=-1)
    assert status(s2, **bearer) == 200
    sandbox.clock.advance(seconds=1)
    assert status(s2, **bearer) == 401


def test_login_path_and_token_member(
    sandbox: Sandbox, switches: VentmereS2Switches, s2: httpx.Client
) -> None:
    switches.login_path, switches.token_member = "/auth/session", "jwt"
    assert s2.post("/login", json=sandbox.apis["ventmere_s2"].credentials).status_code == 404
    token = s2.post("/auth/session", json=sandbox.apis["ventmere_s2"].credentials).json()["jwt"]
    assert status(s2, Authorization=f"Bearer {token}") == 200


def test_tokens_end_by_requests_and_by_seconds(
    sandbox: Sandbox, switches: VentmereS2Switches, s2: httpx.Client, login: dict[str, str]
) -> None:
    switches.token_requests = 2
    assert [status(s2, **login) for _ in range(3)] == [200, 200, 401]
    switches.token_requests, switches.token_seconds = None, 60
    assert status(s2, **login) == 200
    sandbox.clock.advance(minutes=1)
    assert status(s2, **login) == 401


def test_token_state_is_of_the_token_without_a_login(
    switches: VentmereS2Switches, s2: httpx.Client, login: dict[str, str]
) -> None:
    switches.token_state = "expired"
    assert status(s2) == 401
    assert status(s2, **login) == 200


def test_several_organizations_need_the_header(
    sandbox: Sandbox, switches: VentmereS2Switches, s2: httpx.Client
) -> None:
    del s2.headers["X-S2-Organization"]
    assert status(s2) == 200
    switches.user_organizations = 3
    assert status(s2) == 400
    assert status(s2, **{"X-S2-Organization": sandbox.apis["ventmere_s2"].organization_id}) == 200


def test_another_organization_of_the_user_has_nothing_in_it(
    sandbox: Sandbox, switches: VentmereS2Switches, s2: httpx.Client
) -> None:
    switches.user_organizations = 3
    others = [
        o["id"]
        for o in sandbox.world.data["ventmere_s2"].organizations
        if o["id"] != sandbox.apis["ventmere_s2"].organization_id
    ]
    for other in others:
        assert overview(s2, **{"X-S2-Organization": other}) == {"warehouses": [], "products": [], "items": []}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("empty", {"warehouses": list, "products": list, "items": list}),
        ("without_warehouses", {"products": list, "items": list}),
        ("without_products", {"warehouses": list, "items": list}),
        ("without_items", {"warehouses": list, "products": list}),
        ("null_items", {"warehouses": list, "products": list, "items": type(None)}),
    ],
)
def test_a_broken_overview_comes_with_status_200(
    switches: VentmereS2Switches, s2: httpx.Client, how: str, expected: dict[str, type]
) -> None:
    switches.overview = how
    document = overview(s2)
    assert {name: type(value) for name, value in document.items()} == expected
    assert (how == "empty") == all(value == [] for value in document.values())


def test_a_truncated_overview_is_no_json(switches: VentmereS2Switches, s2: httpx.Client) -> None:
    switches.overview = "truncated"
    answer = s2.get(OVERVIEW)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("older_first", [False, True])
def test_duplicate_level(switches: VentmereS2Switches, s2: httpx.Client, older_first: bool) -> None:
    plain = overview(s2)["items"]
    switches.duplicate_level, switches.older_duplicate_first = True, older_first
    items = overview(s2)["items"]
    assert len(items) == len(plain) + 1
    (older,) = [item for item in items if item not in plain]
    (newer,) = [item for item in plain if pair(item) == pair(older)]
    assert older["level"]["updatedAt"] < newer["level"]["updatedAt"]
    assert older["level"]["available"] != newer["level"]["available"]
    assert (items.index(older) < items.index(newer)) == older_first


def pair(item: dict[str, Any]) -> tuple[str, str]:
    return item["warehouseId"], item["level"]["productId"]


def test_gzip_is_sent_to_whoever_accepts_it(switches: VentmereS2Switches, s2: httpx.Client) -> None:
    plain = s2.get(OVERVIEW)
    assert "content-encoding" not in plain.headers
    switches.gzip = True
    packed = s2.get(OVERVIEW)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert "content-encoding" not in s2.get(OVERVIEW, headers={"Accept-Encoding": "identity"}).headers


def test_the_first_products_are_listed(sandbox: Sandbox, s2: httpx.Client) -> None:
    whole = list(sandbox.truth("ventmere_s2", "products").values())
    assert s2.get("/product", params={"limit": 2}).json() == {"items": whole[:2], "total": len(whole)}
    assert s2.get("/product", params={"limit": 101}).status_code == 400

"""Each of S2's switches does what its docstring says."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from sandbox.ventmere_s2 import VentmereS2Switches
from tests.sandbox.asking import overview, overview_records

OVERVIEW = "/inventory/overview"
TIMES = re.compile(r'"[a-z]+At":"[^"]*\d\d:\d\d:\d\d([^"]*)Z"', re.IGNORECASE)


@pytest.fixture
def switches(sandbox: Sandbox) -> VentmereS2Switches:
    return sandbox.switches["ventmere_s2"]


@pytest.fixture
def login(sandbox: Sandbox, s2: httpx.Client) -> dict[str, str]:
    """The header of a session."""
    told = s2.post("/login", json=sandbox.apis["ventmere_s2"].credentials).json()
    return {"Authorization": f"Bearer {told['accessToken']}"}


def status(client: httpx.Client, **headers: str) -> int:
    return client.get(OVERVIEW, headers=headers).status_code


def test_no_switch_is_left_untested() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [field.name for field in fields(VentmereS2Switches) if field.name not in text] == []


def test_a_misspelt_switch_is_an_error(switches: VentmereS2Switches) -> None:
    with pytest.raises(AttributeError):
        switches.overveiw = "empty"  # type: ignore[attr-defined]


def test_the_overview_is_the_truth(sandbox: Sandbox, s2: httpx.Client) -> None:
    for resource, records in overview_records(overview(s2)).items():
        assert records == sandbox.truth("ventmere_s2", resource)


def test_a_login_gives_a_token_for_seven_days(sandbox: Sandbox, s2: httpx.Client) -> None:
    told = s2.post("/login", json=sandbox.apis["ventmere_s2"].credentials).json()
    assert told["expiresAt"] == "2026-01-12T08:00:00.000000Z"
    bearer = {"Authorization": f"Bearer {told['accessToken']}"}
    sandbox.clock.advance(days=7, seconds=-1)
    assert status(s2, **bearer) == 200
    sandbox.clock.advance(seconds=1)
    assert status(s2, **bearer) == 401


def test_wrong_credentials_are_refused_in_a_sentence(s2: httpx.Client) -> None:
    refused = s2.post("/login", json={"email": "nobody@example.com", "password": "wrong"})
    assert refused.status_code == 401
    assert refused.json()["message"].endswith(". ")
    assert status(s2, Authorization="Bearer wrong") == 401


def test_login_path_and_token_member(
    sandbox: Sandbox, switches: VentmereS2Switches, s2: httpx.Client
) -> None:
    switches.login_path, switches.token_member = "/auth/session", "jwt"
    assert s2.post("/login", json=sandbox.apis["ventmere_s2"].credentials).status_code == 404
    token = s2.post("/auth/session", json=sandbox.apis["ventmere_s2"].credentials).json()["jwt"]
    assert status(s2, Authorization=f"Bearer {token}") == 200


def test_token_requests(sandbox: Sandbox, switches: VentmereS2Switches, s2: httpx.Client) -> None:
    switches.token_requests = 2
    token = s2.post("/login", json=sandbox.apis["ventmere_s2"].credentials).json()["accessToken"]
    assert [status(s2, Authorization=f"Bearer {token}") for _ in range(3)] == [200, 200, 401]


def test_token_seconds(sandbox: Sandbox, switches: VentmereS2Switches, s2: httpx.Client) -> None:
    switches.token_seconds = 60
    token = s2.post("/login", json=sandbox.apis["ventmere_s2"].credentials).json()["accessToken"]
    sandbox.clock.advance(minutes=1)
    assert status(s2, Authorization=f"Bearer {token}") == 401


def test_token_state_is_of_the_token_without_a_login(
    switches: VentmereS2Switches, s2: httpx.Client, login: dict[str, str]
) -> None:
    switches.token_state = "expired"
    assert status(s2) == 401
    assert status(s2, **login) == 200


def test_several_organizations_need_the_header(
    sandbox: Sandbox, switches: VentmereS2Switches, s2: httpx.Client
) -> None:
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


@pytest.mark.parametrize("how", [401, 403])
def test_foreign_organization_status(switches: VentmereS2Switches, s2: httpx.Client, how: int) -> None:
    switches.foreign_organization_status = how
    assert status(s2, **{"X-S2-Organization": "95d73baf-76ba-4bea-86ac-1534c5e5d4aa"}) == how


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


def test_overview_bytes(switches: VentmereS2Switches, s2: httpx.Client) -> None:
    plain = overview(s2)
    switches.overview_bytes = 2_000_000
    assert len(s2.get(OVERVIEW).content) == 2_000_000
    assert overview(s2) == plain


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


def test_other_ids_as_objects(switches: VentmereS2Switches, s2: httpx.Client) -> None:
    texts = [product["otherIds"] for product in overview(s2)["products"]]
    assert {type(one) for ids in texts for one in ids} == {str}
    switches.other_ids_as_objects = True
    objects = [product["otherIds"] for product in overview(s2)["products"]]
    assert [[one["value"] for one in ids] for ids in objects] == texts


def test_short_fractions(switches: VentmereS2Switches, s2: httpx.Client) -> None:
    assert {len(part) for part in TIMES.findall(s2.get(OVERVIEW).text)} == {7}
    switches.short_fractions = True
    parts = TIMES.findall(s2.get(OVERVIEW).text)
    assert {len(part) for part in parts} == {0, 7}
    assert not any(part.endswith("000") for part in parts)


def test_gzip_is_sent_to_whoever_accepts_it(switches: VentmereS2Switches, s2: httpx.Client) -> None:
    plain = s2.get(OVERVIEW)
    assert "content-encoding" not in plain.headers
    switches.gzip = True
    packed = s2.get(OVERVIEW)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert "content-encoding" not in s2.get(OVERVIEW, headers={"Accept-Encoding": "identity"}).headers


def test_products_are_listed_by_limit_and_offset(sandbox: Sandbox, s2: httpx.Client) -> None:
    whole = [found for (_,), found in sandbox.truth("ventmere_s2", "products").items()]
    read: list[Any] = []
    while len(read) < len(whole):
        page = s2.get("/product", params={"limit": 40, "offset": len(read)}).json()
        assert page["total"] == len(whole)
        read += page["items"]
    assert read == whole
    assert s2.get("/product", params={"offset": 10_000}).json()["items"] == []
    assert s2.get("/product", params={"limit": 101}).status_code == 400


def test_products_are_found_by_a_term(s2: httpx.Client) -> None:
    found = s2.get("/product", params={"term": "KETTLE"}).json()
    assert found["total"] == len(found["items"]) > 0
    assert all("kettle" in product["name"].lower() for product in found["items"])

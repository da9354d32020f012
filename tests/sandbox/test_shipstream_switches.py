"""Each of ShipStream's switches does what its docstring says."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from sandbox import Fault, Sandbox
from sandbox.shipstream import ShipStreamData, ShipStreamSwitches

TOTAL = "/v1/inventory/levels/total"
WAREHOUSE = "/v1/inventory/levels/warehouse"
MERCHANTS = "/v1/system/merchants"
STATUS = "/v1/system/status"
BY_ID = {"sort": "product_id", "fields": "all"}
BOTH = "is_enabled[{eq:true},{eq:false},]"
VERSION = "X-ShipStream-API-Version"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(providers=("shipstream",)) as running:
        yield running


@pytest.fixture
def switches(sandbox: Sandbox) -> ShipStreamSwitches:
    return sandbox.switches["shipstream"]


@pytest.fixture
def store(sandbox: Sandbox) -> ShipStreamData:
    return sandbox.world.data["shipstream"]


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.base_url("shipstream"), headers=bearer(sandbox)) as client:
        yield client


def bearer(sandbox: Sandbox) -> dict[str, str]:
    return {"Authorization": f"Bearer {sandbox.settings('shipstream')['access_token']}"}


def page(client: httpx.Client, path: str = TOTAL, **params: Any) -> dict[str, Any]:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def pages(client: httpx.Client, path: str = TOTAL, most: int = 200, **params: Any) -> list[dict[str, Any]]:
    """A whole scan, by `next` alone."""
    answer = client.get(path, params=params)
    found = []
    while True:
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        if not found[-1]["has_more"] or len(found) == most:
            return found
        answer = client.get(answer.url.join(found[-1]["next"]))


def rows(client: httpx.Client, path: str = TOTAL, **params: Any) -> list[dict[str, Any]]:
    return [row for one in pages(client, path, **params) for row in one["collection"]]


def ids(found: list[dict[str, Any]]) -> list[int]:
    return [row["product"]["id"] for row in found]


def refused(answer: httpx.Response) -> tuple[int, str]:
    (error,) = answer.json()["errors"]
    assert error["type"] == "application"
    return answer.status_code, error["details"][0]["key"] if "details" in error else ""


def by_id(store: ShipStreamData) -> list[int]:
    return sorted(one.id for one in store.products.values() if one.is_enabled)


def opened(part: str) -> dict[str, Any]:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def a_kit(store: ShipStreamData) -> tuple[int, int]:
    """A kit and one of its components that, sold out, would lower what the kit is advertised at."""
    return next(
        (kit, component)
        for component, kits in store.kits_of.items()
        for kit in kits
        if store.advertised(kit) > store.total(kit)["available"]
    )


def test_no_switch_is_left_untested() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [field.name for field in fields(ShipStreamSwitches) if field.name not in text] == []


def test_a_misspelt_switch_is_an_error(switches: ShipStreamSwitches) -> None:
    with pytest.raises(AttributeError):
        switches.token_dayz = 1  # type: ignore[attr-defined]


def test_switches_are_set_over_http(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/_sandbox/switches/shipstream"
    told = httpx.put(url, json={"next_link": "absolute", "token_days": None, "count_skew": -1})
    assert told.json()["next_link"] == "absolute"
    assert httpx.put(url, json={"next_link": "sideways"}).status_code == 400


# The token


def test_the_token_is_signed_and_says_for_whom_and_how_long(sandbox: Sandbox) -> None:
    head, claims, signature = sandbox.settings("shipstream")["access_token"].split(".")
    now = int(sandbox.clock.now().timestamp())
    assert opened(head) == {"alg": "HS256", "typ": "JWT"}
    assert opened(claims) == {"aud": f"{sandbox.url}/shipstream", "iat": now, "exp": now + 365 * 86400}
    digest = hmac.new(b"sandbox-shipstream-signing-key", f"{head}.{claims}".encode(), hashlib.sha256)
    assert base64.urlsafe_b64decode(signature + "=") == digest.digest()


@pytest.mark.parametrize("header", ["", "Bearer  {}", "bearer {}", "Bearer {}x", "Bearer a.b.c", "{}"])
def test_anything_but_the_token_after_one_space_is_refused(sandbox: Sandbox, header: str) -> None:
    token = sandbox.settings("shipstream")["access_token"]
    url = f"{sandbox.base_url('shipstream')}{TOTAL}"
    assert httpx.get(url, headers={"Authorization": header.format(token)}).status_code == 401
    assert httpx.get(url).status_code == 401


@pytest.mark.parametrize(("token_days", "status"), [(-1.0, 401), (0.5, 200), (None, 200)])
def test_token_days(sandbox: Sandbox, switches: ShipStreamSwitches, token_days: Any, status: int) -> None:
    switches.token_days = token_days
    client = httpx.Client(base_url=sandbox.base_url("shipstream"), headers=bearer(sandbox))
    assert client.get(TOTAL).status_code == status
    sandbox.clock.advance(days=1)
    assert client.get(TOTAL).status_code == (200 if token_days is None else 401)
    client.close()


def test_token_audience(sandbox: Sandbox, switches: ShipStreamSwitches, client: httpx.Client) -> None:
    switches.token_audience = "https://other.shipstream.app"
    assert opened(sandbox.settings("shipstream")["access_token"].split(".")[1])["aud"] == (
        "https://other.shipstream.app"
    )
    assert client.get(TOTAL, headers=bearer(sandbox)).status_code == 401
    assert client.get(TOTAL).status_code == 200


def test_token_state(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    switches.token_state = "revoked"
    assert refused(client.get(TOTAL)) == (401, "")


def test_token_requests(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    switches.token_requests = 2
    assert [client.get(TOTAL).status_code for _ in range(3)] == [200, 200, 401]
    assert client.get(STATUS).json()["authentication"] == "expired"


# What is asked


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("product_id:111", lambda p: p.id == 111),
        ("product_id{gt:150,lt:200}", lambda p: 150 < p.id < 200),
        ("product_id[{lt:'150'},{gt: 300,},]", lambda p: p.id < 150 or p.id > 300),
        ('sku{start:"KIT-"}', lambda p: p.sku.startswith("KIT-")),
        ("sku{'end':'-A'}", lambda p: p.sku.endswith("-A")),
        ("sku{regex:'^ST-\\\\d+-[AB]$'}", lambda p: p.sku.startswith("ST-") and p.sku[-1] in "AB"),
        ("product_name{regex:'\\u542c\\u96e8'}", lambda p: "听雨" in p.name),
        ("product_type:containers", lambda p: p.kind == "containers"),
        ("merchant_id:2", lambda p: p.merchant == 2),
        ("barcode:O-VS-Oregano-p3", lambda p: "O-VS-Oregano-p3" in p.details["barcodes"]),
        ("vendor_sku{null:true}", lambda p: p.details["vendor_sku"] is None),
        ("is_visible:false", lambda p: not p.details["is_visible"]),
        ("is_available{eq:false}", lambda p: not p.details["is_available"]),
        ("goods_type:ORM_D", lambda p: p.details["goods_type"] == "ORM_D"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_filters_find_what_they_say(
    store: ShipStreamData, client: httpx.Client, text: str, test: Any
) -> None:
    wanted = [one.id for one in store.products.values() if test(one)]
    assert 0 < len(wanted) < len(store.products)
    found = rows(client, filter=[text, BOTH], **BY_ID)
    assert ids(found) == sorted(wanted)


def test_only_enabled_products_unless_others_are_asked_for(
    store: ShipStreamData, client: httpx.Client
) -> None:
    disabled = sorted(one.id for one in store.products.values() if not one.is_enabled)
    assert ids(rows(client, **BY_ID)) == by_id(store)
    assert ids(rows(client, filter="is_enabled:false", **BY_ID)) == disabled
    assert ids(rows(client, filter="is_enabled:true", **BY_ID)) == by_id(store)


def test_quantities_are_filters_too(client: httpx.Client) -> None:
    found = rows(client, **BY_ID)
    wanted = [row for row in found if 0 < row["qty_available"] < 50 and row["qty_expected"] == 0]
    assert wanted
    assert rows(client, filter=["qty_available{gt:0,lt:50}", "qty_expected:0"], **BY_ID) == wanted


def test_gt_and_lt_are_strict_to_the_second(client: httpx.Client) -> None:
    found = [row for row in rows(client, **BY_ID) if row["updated_at"] == "2026-01-01T05:00:00Z"]
    assert len(found) > 5  # counted in one burst
    for literal in ("2026-01-01T05:00:00Z", "2026-01-01T06:00:00+01:00"):
        around = f'updated_at{{gt:"2026-01-01T04:59:59Z",lt:"{literal}"}}'
        assert rows(client, filter=around, **BY_ID) == []
    around = 'updated_at{gt:"2026-01-01T04:59:59Z",lt:"2026-01-01T05:00:01Z"}'
    assert rows(client, filter=around, **BY_ID) == found


@pytest.mark.parametrize(
    ("extra_condition", "count"),
    [("gteq:150,lteq:200", 2), ("neq:150", 1), ("in:[150]", 1), ("nin:[150]", 1)],
)
def test_extra_conditions(
    switches: ShipStreamSwitches,
    store: ShipStreamData,
    client: httpx.Client,
    extra_condition: str,
    count: int,
) -> None:
    known = by_id(store)[10]
    text = f"product_id{{{extra_condition.replace('150', str(known))}}}"
    assert refused(client.get(TOTAL, params={"filter": text})) == (400, "filter")
    switches.extra_conditions = True
    tests = {"g": lambda i: known <= i <= 200, "n": lambda i: i != known, "i": lambda i: i == known}
    assert ids(rows(client, filter=text, **BY_ID)) == list(filter(tests[extra_condition[0]], by_id(store)))


@pytest.mark.parametrize("enabled_and_disabled", ["works", "ignored", "400"])
def test_enabled_and_disabled(
    switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client, enabled_and_disabled: str
) -> None:
    switches.enabled_and_disabled = enabled_and_disabled
    if enabled_and_disabled == "400":
        assert refused(client.get(TOTAL, params={"filter": BOTH})) == (400, "filter")
        return
    wanted = by_id(store) if enabled_and_disabled == "ignored" else sorted(store.products)
    assert ids(rows(client, filter=BOTH, **BY_ID)) == wanted


def test_naive_literal_hours_and_literal_zone_ignored(
    switches: ShipStreamSwitches, client: httpx.Client
) -> None:
    def counted(literal: str) -> bool:
        return rows(client, filter=f'updated_at{{eq:"{literal}"}}', **BY_ID) != []

    assert counted("2026-01-01T05:00:00")
    assert counted("2026-01-01T05:00:00Z")
    switches.naive_literal_hours = -5.0
    assert not counted("2026-01-01T05:00:00")
    assert counted("2026-01-01")
    assert counted("2026-01-01T05:00:00Z")
    switches.literal_zone_ignored = True
    assert not counted("2026-01-01T05:00:00Z")
    assert counted("2026-01-01T00:00:00Z")


def test_default_fields(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    whole = page(client, **BY_ID)["collection"]
    assert list(page(client)["collection"][0]) == ["type", "product", "updated_at"]
    named = page(client, sort="product_id", fields="qty_on_hand,qty_expected")["collection"][0]
    assert list(named) == ["type", "product", "qty_expected", "qty_on_hand", "updated_at"]
    switches.default_fields = "all"
    assert page(client, sort="product_id")["collection"] == whole


def test_limit_out_of_range(
    switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client
) -> None:
    for limit in (0, 1001, -1):
        assert refused(client.get(TOTAL, params={"limit": limit})) == (400, "limit")
    switches.limit_out_of_range = "clamped"
    assert [len(page(client, limit=limit)["collection"]) for limit in (0, 1001)] == [1, len(by_id(store))]


def test_unknown_parameter(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    assert refused(client.get(TOTAL, params={"filters": "x"})) == (400, "filters")
    switches.unknown_parameter = "ignored"
    assert client.get(TOTAL, params={"filters": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "params", "key"),
    [
        (TOTAL, {"filter": "nothing:1"}, "filter"),
        (TOTAL, {"filter": "product_id{between:1}"}, "filter"),
        (TOTAL, {"filter": "product_id{gt:1"}, "filter"),
        (TOTAL, {"filter": "product_id{gt:one}"}, "filter"),
        (TOTAL, {"filter": "product_id{}"}, "filter"),
        (TOTAL, {"filter": "product_id"}, "filter"),
        (TOTAL, {"filter": "sku{regex:'('}"}, "filter"),
        (TOTAL, {"filter": "updated_at{gt:'yesterday'}"}, "filter"),
        (TOTAL, {"filter": "updated_at{gt:2026}"}, "filter"),
        (TOTAL, {"filter": "is_enabled:yes"}, "filter"),
        (TOTAL, {"filter": "qty_on_hand{start:'1'}"}, "filter"),
        (WAREHOUSE, {"filter": "qty_backordered:0"}, "filter"),
        (WAREHOUSE, {"filter": "warehouse_id:1"}, "filter"),
        (TOTAL, {"sort": "warehouse_id"}, "sort"),
        (TOTAL, {"sort": "product_id,name"}, "sort"),
        (TOTAL, {"fields": "qty_sold"}, "fields"),
        (TOTAL, {"fields:product": "colour"}, "fields:product"),
        (TOTAL, {"count": "2"}, "count"),
        (TOTAL, {"limit": "many"}, "limit"),
        (TOTAL, {"cursor_start": "abc", "sort": "product_id"}, "cursor_start"),
    ],
    ids=str,
)
def test_a_bad_request_is_refused_with_its_key(
    client: httpx.Client, path: str, params: dict[str, str], key: str
) -> None:
    assert refused(client.get(path, params=params)) == (400, key)


def test_versions_are_echoed_and_others_refused(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    assert client.get(TOTAL).headers[VERSION] == "2025-10"
    assert client.get(TOTAL, headers={VERSION: "2025-03"}).headers[VERSION] == "2025-03"
    assert client.get(TOTAL, params={"version": "2024-04"}).headers[VERSION] == "2024-04"
    for wrong in ("2026-02", "2025-07", "2025-13", "latest"):
        answer = client.get(TOTAL, headers={VERSION: wrong})
        assert refused(answer) == (400, VERSION)
        assert "2025-10" in answer.json()["errors"][0]["message"]
        assert f"{VERSION}-Error" in answer.headers
    switches.versions = "any_month"
    assert client.get(TOTAL, headers={VERSION: "2025-07"}).headers[VERSION] == "2025-03"
    assert client.get(TOTAL, headers={VERSION: "2026-02"}).status_code == 400


def test_echoed_version(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    switches.echoed_version = "2027-01"
    assert client.get(TOTAL, headers={VERSION: "2025-03"}).headers[VERSION] == "2027-01"


# Pages


@pytest.mark.parametrize("sort", ["product_id", "-product_id"])
def test_paging_by_id_gives_each_row_once_both_ways(
    store: ShipStreamData, client: httpx.Client, sort: str
) -> None:
    wanted = by_id(store) if sort == "product_id" else by_id(store)[::-1]
    found = pages(client, limit=10, sort=sort)
    assert [ids(one["collection"]) for one in found] == [
        wanted[n : n + 10] for n in range(0, len(wanted), 10)
    ]
    back = client.get(client.base_url.join(found[-1]["previous"])).json()
    assert back["collection"] == found[-2]["collection"]
    assert back["has_more"] is True
    first = client.get(client.base_url.join(found[1]["previous"])).json()
    assert (first["collection"], first["has_more"]) == (found[0]["collection"], False)


def test_cursor_start_is_inclusive_and_cursor_end_is_not(store: ShipStreamData, client: httpx.Client) -> None:
    wanted = by_id(store)
    asked = {"cursor_start": wanted[3], "cursor_end": wanted[6]}
    assert ids(page(client, sort="product_id", **asked)["collection"]) == wanted[3:6]
    first = page(client, sort="product_id", limit=3)
    assert (first["meta"]["cursor_start"], first["meta"]["cursor_end"]) == (wanted[0], wanted[3])
    assert f"cursor_start={wanted[3]}" in first["next"]


@pytest.mark.parametrize(
    ("next_link", "begins"),
    [
        ("relative", "/shipstream/api/global/v1/inventory/levels/total?"),
        ("absolute", "http://127.0.0.1:"),
        ("query_only", "?"),
    ],
)
def test_next_link(
    switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client, next_link: str, begins: str
) -> None:
    switches.next_link = next_link
    assert page(client, sort="product_id", limit=2)["next"].startswith(begins)
    assert ids(rows(client, limit=40, sort="product_id")) == by_id(store)


@pytest.mark.parametrize("next_at_end", ["null", "absent", "empty", "present"])
def test_next_at_end(switches: ShipStreamSwitches, client: httpx.Client, next_at_end: str) -> None:
    switches.next_at_end = next_at_end
    *_, last = pages(client, limit=50, **BY_ID)
    assert last["has_more"] is False
    match next_at_end:
        case "null":
            assert last["next"] is None
        case "absent":
            assert "next" not in last
        case "empty":
            assert last["next"] == ""
        case "present":
            beyond = client.get(client.base_url.join(last["next"])).json()
            assert (beyond["collection"], beyond["has_more"]) == ([], False)


def test_next_carries_all(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    asked = {**BY_ID, "limit": "5", "filter": 'sku{regex:"^ST-"}', "fields:product": "all"}
    first = page(client, **asked)
    carried = dict(parse_qsl(first["next"].partition("?")[2]))
    assert {name: value for name, value in carried.items() if name != "cursor_start"} == asked
    switches.next_carries_all = False
    carried = dict(parse_qsl(page(client, **asked)["next"].partition("?")[2]))
    assert set(carried) == {"limit", "cursor_start"}


def test_product_id_is_id_and_cursor_with_other_sort(
    switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client
) -> None:
    def second(**params: Any) -> httpx.Response:
        return client.get(client.base_url.join(page(client, limit=10, **params)["next"]))

    assert second(sort="product_id").status_code == 200
    assert refused(second()) == (400, "cursor_start")  # the default sort
    switches.product_id_is_id = False
    assert refused(second(sort="product_id")) == (400, "cursor_start")
    assert refused(client.get(TOTAL, params={"cursor_end": 5})) == (400, "cursor_end")
    wanted = ids(page(client, limit=1000)["collection"])
    switches.cursor_with_other_sort = "works"
    assert ids(second().json()["collection"]) == wanted[10:20]
    switches.cursor_with_other_sort = "repeat"
    assert ids(second().json()["collection"]) == wanted[:10]
    assert second().json()["has_more"] is True
    switches.cursor_with_other_sort = "skip"
    left = [product for product in wanted if product >= wanted[10]]
    assert ids(second().json()["collection"]) == left[:10]


def test_the_default_sort_moves_while_it_is_read(
    switches: ShipStreamSwitches, sandbox: Sandbox, store: ShipStreamData, client: httpx.Client
) -> None:
    switches.cursor_with_other_sort = "works"
    tenth = ids(page(client, limit=1000)["collection"])[10]
    sandbox.clock.advance(hours=1)
    switches.after_page = lambda number: store.move(tenth, min(store.parts[tenth])) and None
    found = ids(rows(client, limit=10, fields="all"))
    assert len(found) > len(set(found))  # the cursor's row jumped to the head, and the scan with it


def test_warehouse_level_cursor(
    switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client
) -> None:
    def keys(found: list[dict[str, Any]]) -> list[tuple[int, int]]:
        return [(row["product"]["id"], row["warehouse"]["id"]) for row in found]

    whole = keys(rows(client, WAREHOUSE, limit=1000, **BY_ID))
    assert keys(rows(client, WAREHOUSE, limit=4, **BY_ID)) == whole
    switches.warehouse_level_cursor = "product"
    found = keys(rows(client, WAREHOUSE, limit=4, **BY_ID))
    assert set(found) == set(whole)
    assert len(found) > len(whole)
    stuck = pages(client, WAREHOUSE, most=150, limit=1, **BY_ID)
    assert len({str(one["collection"]) for one in stuck}) < 10


def test_envelope(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    assert list(page(client)) == ["collection", "has_more", "next", "previous", "meta"]
    assert list(page(client)["meta"]) == ["processing_time", "cursor_start", "cursor_end"]
    switches.envelope = "hasMore"
    assert list(page(client)) == ["collection", "hasMore", "next", "previous", "meta"]
    assert list(page(client)["meta"]) == ["processingTime", "cursorStart", "cursorEnd"]


def test_count_skew(switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client) -> None:
    enabled = len(by_id(store))
    assert "count" not in page(client)["meta"]
    assert page(client, count=1, limit=3)["meta"]["count"] == enabled
    assert page(client, count=1, filter="is_enabled:false")["meta"]["count"] == len(store.products) - enabled
    switches.count_skew = 1
    assert page(client, count=1)["meta"]["count"] == enabled + 1


def test_after_page_is_called_with_each_pages_number(
    switches: ShipStreamSwitches, client: httpx.Client
) -> None:
    numbers: list[int] = []
    switches.after_page = numbers.append
    rows(client, limit=40, **BY_ID)
    rows(client, WAREHOUSE, limit=1000, **BY_ID)
    page(client, MERCHANTS)
    assert numbers == [1, 2, 3, 1]


def test_after_page_can_disable_what_comes_next(
    switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client
) -> None:
    wanted = by_id(store)
    switches.after_page = lambda number: store.enable(wanted[-1], enabled=False) and None
    assert ids(rows(client, limit=40, **BY_ID)) == wanted[:-1]
    assert wanted[-1] in ids(rows(client, filter="is_enabled:false", **BY_ID))


# What is included


def test_products_are_included_when_asked_for(store: ShipStreamData, client: httpx.Client) -> None:
    assert "included" not in page(client, **BY_ID)
    basic = page(client, **BY_ID, **{"fields:product": "basic"})["included"]
    names = ["type", "id", "sku", "name", "is_enabled", "merchant", "created_at", "updated_at"]
    assert all(list(product) == names for found in basic.values() for product in found)
    some = page(client, **BY_ID, **{"fields:product": ["weight,basic", "barcodes"]})["included"]["Product"]
    assert list(some[0]) == [*names[:2], "barcodes", "weight", *names[2:]]
    encoded = client.get(f"{TOTAL}?sort=product_id&fields%3Aproduct=all").json()["included"]
    assert {product["id"] for found in encoded.values() for product in found} == set(by_id(store)[:100])


def test_included(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    asked = {**BY_ID, "fields:product": "all"}
    assert "Product" in page(client, **asked)["included"]
    switches.included = "absent"
    assert "included" not in page(client, **asked)


def test_missing_included_every(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    switches.missing_included_every = 10
    found = page(client, **BY_ID, **{"fields:product": "basic"})
    included = {product["id"] for kind in found["included"].values() for product in kind}
    referred = {row["product"]["id"] for row in found["collection"]}
    assert referred - included == {product for product in referred if product % 10 == 0} != set()


def test_repeated_included(switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client) -> None:
    switches.repeated_included = True
    first = min(store.products)
    for one in pages(client, limit=50, **BY_ID, **{"fields:product": "basic"}):
        assert [found["id"] for found in one["included"]["Product"]].count(first) == 1


@pytest.mark.parametrize("product_types", ["own", "product"])
def test_product_types(
    sandbox: Sandbox, switches: ShipStreamSwitches, client: httpx.Client, product_types: str
) -> None:
    switches.product_types = product_types
    own = {"Packaging", "PackagingContainer", "PackagingSupply", "PackagingInfill"}
    kinds = {"Product"} | (own if product_types == "own" else set())
    whole = page(client, limit=1000, **BY_ID, **{"fields:product": "all"})
    assert set(whole["included"]) == kinds
    assert {row["product"]["type"] for row in whole["collection"]} == kinds
    assert {kind for kind, _ in sandbox.truth("shipstream", "products")} == kinds
    for kind, found in whole["included"].items():
        assert all(isinstance(one["barcodes"], str) == (kind == "PackagingContainer") for one in found)


def a_product(client: httpx.Client, version: str = "2025-10") -> dict[str, Any]:
    """One that has all ten custom fields."""
    asked = {**BY_ID, "limit": 1000, "fields:product": "all"}
    answer = client.get(TOTAL, params=asked, headers={VERSION: version}).json()
    return next(one for one in answer["included"]["Product"] if len(one["custom_fields"]) == 10)


def test_custom_fields(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    listed = {field["code"]: field for field in a_product(client)["custom_fields"]}
    assert listed["color"] == {"code": "color", "value": 13, "label": "Red and Black"}
    assert listed["tags"]["value"][1] == {"id": 8, "label": "Crème brûlée"}
    assert listed["allow_mailer"] == {"code": "allow_mailer", "value": True}
    assert listed["msrp"]["value"] == {"amount": 99.9, "currency": "EUR"}
    switches.custom_fields = "object"
    keyed = a_product(client)["custom_fields"]
    assert keyed["color"] == {"id": 13, "label": "Red and Black"}
    assert keyed["tags"] == listed["tags"]["value"]
    assert keyed["cost_of_goods"] == {"value": 41.3}
    assert keyed["best_before"] == {"value": "2027-03-31"}
    assert keyed["msrp"] == {"amount": 99.9, "currency": "EUR"}
    switches.custom_fields = "by_version"
    assert a_product(client)["custom_fields"] == keyed
    assert isinstance(a_product(client, "2025-03")["custom_fields"], list)


def test_merchant_shape(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    flags = {one["id"]: (one["is_active"], one["is_deleted"]) for one in rows(client, MERCHANTS)}
    assert flags[1] == (True, False)
    assert flags[5] == (False, True)
    switches.merchant_shape = "status"
    found = {one["id"]: one for one in rows(client, MERCHANTS)}
    assert (found[1]["status"], found[5]["status"]) == ("active", "deleted")
    assert "is_active" not in found[1]
    switches.merchant_shape = "by_version"
    assert "status" in page(client, MERCHANTS)["collection"][0]
    old = client.get(MERCHANTS, headers={VERSION: "2025-03"}).json()
    assert "is_deleted" in old["collection"][0]


# Levels and their clocks


@pytest.mark.parametrize(("quantities", "spelt"), [("decimals", "250.0000"), ("text", '"250.0000"')])
def test_quantities(
    switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client, quantities: str, spelt: str
) -> None:
    product = by_id(store)[0]
    there = store.parts[product][min(store.parts[product])]["expected"]
    store.move(product, min(store.parts[product]), expected=250 - there)
    asked = {**BY_ID, "filter": f"product_id:{product}"}
    expected = store.total(product)["expected"]
    assert f'"qty_expected":{expected},' in client.get(TOTAL, params=asked).text
    switches.quantities = quantities
    spelt = spelt.replace("250", str(expected))
    assert f'"qty_expected":{spelt},' in client.get(TOTAL, params=asked).text


def has_identity(row: dict[str, Any]) -> bool:
    parts = ("processed", "putaway", "available", "allocated", "reserved", "picked")
    return row["qty_on_hand"] == sum(row[f"qty_{part}"] for part in parts)


def test_messy_on_hand(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    assert all(map(has_identity, rows(client, filter=BOTH, **BY_ID)))
    switches.messy_on_hand = True
    assert len([row for row in rows(client, filter=BOTH, **BY_ID) if not has_identity(row)]) == 1
    assert all(map(has_identity, rows(client, WAREHOUSE, filter=BOTH, **BY_ID)))


def test_never_stocked(
    sandbox: Sandbox, switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client
) -> None:
    never = {product for product in store.products if not store.was_stocked(product)}
    by_null = rows(client, filter=["updated_at{null:true}", BOTH], **BY_ID)
    assert set(ids(by_null)) == never != set()
    assert all(row["qty_on_hand"] == 0 and row["updated_at"] is None for row in by_null)
    switches.never_stocked = "clock"
    found = {row["product"]["id"]: row["updated_at"] for row in rows(client, filter=BOTH, **BY_ID)}
    assert all(found[one] == f"{store.products[one].created_at:%Y-%m-%dT%H:%M:%SZ}" for one in never)
    switches.never_stocked = "no_row"
    assert set(ids(rows(client, filter=BOTH, **BY_ID))) == set(store.products) - never
    assert never.isdisjoint(ids(rows(client, WAREHOUSE, filter=BOTH, **BY_ID)))
    assert len(sandbox.truth("shipstream", "products")) == len(store.products) - len(never)


@pytest.mark.parametrize("moves", [False, True])
def test_edit_moves_level(
    sandbox: Sandbox, switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client, moves: bool
) -> None:
    switches.edit_moves_level = moves
    product = next(one for one in by_id(store) if store.was_stocked(one))
    sandbox.clock.advance(hours=1)
    touched = store.rename(product, "Renamed")
    assert ("total_levels" in touched) is moves
    moved = rows(client, filter='updated_at{gt:"2026-01-05T08:30:00Z"}', **BY_ID)
    assert ids(moved) == ([product] if moves else [])
    edited = rows(client, filter='product_updated_at{gt:"2026-01-05T08:30:00Z"}', **BY_ID)
    assert ids(edited) == [product]


@pytest.mark.parametrize("moves", [False, True])
def test_component_moves_kit(
    sandbox: Sandbox, switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client, moves: bool
) -> None:
    switches.component_moves_kit = moves
    kit, component = a_kit(store)
    before = store.advertised(kit)
    sandbox.clock.advance(hours=1)
    touched: dict[str, set[tuple[str, ...]]] = {}
    for warehouse, parts in store.parts[component].items():
        touched |= store.move(component, warehouse, available=-parts["available"])
    assert store.advertised(kit) < before
    assert ("Product", str(kit)) in touched["total_levels"]
    moved = rows(client, filter=['updated_at{gt:"2026-01-05T08:30:00Z"}', BOTH], **BY_ID)
    assert (kit in ids(moved)) is moves
    served = rows(client, filter=[f"product_id:{kit}", BOTH], **BY_ID)
    assert served[0]["qty_advertised"] == store.advertised(kit)


@pytest.mark.parametrize("moves", [False, True])
def test_backorder_moves_level(
    sandbox: Sandbox, switches: ShipStreamSwitches, store: ShipStreamData, client: httpx.Client, moves: bool
) -> None:
    switches.backorder_moves_level = moves
    product = next(one for one in by_id(store) if store.backordered.get(one))
    sandbox.clock.advance(hours=1)
    store.backorder(product, 77)
    asked = {"filter": 'updated_at{gt:"2026-01-05T08:30:00Z"}', **BY_ID}
    assert ids(rows(client, **asked)) == ([product] if moves else [])
    assert rows(client, WAREHOUSE, **asked) == []
    assert rows(client, filter=f"product_id:{product}", **BY_ID)[0]["qty_backordered"] == 77


@pytest.mark.parametrize("warehouse_ref", ["object", "id", "absent"])
def test_warehouse_ref(switches: ShipStreamSwitches, client: httpx.Client, warehouse_ref: str) -> None:
    switches.warehouse_ref = warehouse_ref
    row = page(client, WAREHOUSE, **BY_ID)["collection"][0]
    assert "qty_backordered" not in row
    assert ("warehouse" in row, "warehouse_id" in row) == (warehouse_ref == "object", warehouse_ref == "id")
    if warehouse_ref == "object":
        assert set(row["warehouse"]) == {"type", "id", "name"}


# Status and failures


def test_status_time(sandbox: Sandbox, switches: ShipStreamSwitches, client: httpx.Client) -> None:
    sandbox.clock.advance(seconds=1.234)
    told = client.get(STATUS).json()
    assert (told["status"], told["authentication"]) == ("healthy", "valid")
    assert told["timestamp"] == "2026-01-05T08:00:01.234Z"
    assert httpx.get(f"{sandbox.base_url('shipstream')}{STATUS}").json()["authentication"] == "missing"
    switches.status_time = "server_time"
    assert client.get(STATUS).json()["server_time"] == "2026-01-05T08:00:01.234Z"
    switches.status_time = None
    assert not {"timestamp", "server_time"} & set(client.get(STATUS).json())


def test_failure_body(sandbox: Sandbox, switches: ShipStreamSwitches, client: httpx.Client) -> None:
    sandbox.faults["shipstream"].next(Fault("status", 503))
    assert refused(client.get(TOTAL)) == (503, "")
    switches.failure_body = "empty"
    sandbox.faults["shipstream"].next(Fault("status", 503))
    assert client.get(TOTAL).content == b""


def test_requests_per_second_and_burst(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    assert "ratelimit-limit" not in client.get(TOTAL).headers
    switches.requests_per_second, switches.burst = 0.5, 2
    answers = [client.get(TOTAL) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[0].headers["ratelimit-limit"] == "30"
    assert "retry-after" not in answers[0].headers
    assert answers[2].headers["retry-after"] == "2"
    assert refused(answers[2]) == (429, "")


def test_concurrency_and_concurrency_seconds(switches: ShipStreamSwitches, client: httpx.Client) -> None:
    switches.concurrency, switches.concurrency_seconds = 2, 60.0
    answers = [client.get(TOTAL) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert answers[1].headers["x-concurrency-limit"] == answers[1].headers["x-concurrency-current"] == "2"
    assert "retry-after" not in answers[2].headers
    switches.concurrency_seconds = 0.0
    assert client.get(TOTAL).status_code == 200


def test_what_is_not_there_is_404_and_what_is_not_get_405(client: httpx.Client) -> None:
    assert refused(client.get("/v1/inventory/nothing")) == (404, "")
    assert refused(client.post(TOTAL)) == (405, "")
    root = str(client.base_url).removesuffix("/api/global/")
    assert refused(client.get(f"{root}{TOTAL}")) == (404, "")

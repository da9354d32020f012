"""Each of Sellercloud's switches does what its docstring says."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Fault, Sandbox
from sandbox.sellercloud import SellercloudData, SellercloudSwitches
from sandbox.sellercloud.fields import ZERO_IS_UNSET
from sandbox.sellercloud.products import AMAZON, DAMAGED, MAIN, Product, Rebate
from sandbox.sellercloud.routes import PASSWORD, USERNAME

Row = dict[str, Any]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(providers=("sellercloud",)) as running:
        yield running


@pytest.fixture
def switches(sandbox: Sandbox) -> SellercloudSwitches:
    return sandbox.switches["sellercloud"]


@pytest.fixture
def store(sandbox: Sandbox) -> SellercloudData:
    return sandbox.world.data["sellercloud"]


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.base_url("sellercloud")) as client:
        client.headers["Authorization"] = f"Bearer {token(sandbox)['access_token']}"
        yield client


def ask_token(sandbox: Sandbox, **credentials: str) -> httpx.Response:
    settings = sandbox.settings("sellercloud")
    body = {"Username": settings["username"], "Password": settings["password"], **credentials}
    return httpx.post(f"{sandbox.base_url('sellercloud')}/token", json=body)


def token(sandbox: Sandbox) -> Row:
    answer = ask_token(sandbox)
    assert answer.status_code == 200, answer.text
    return answer.json()


def page(client: httpx.Client, number: int = 1, **params: Any) -> Row:
    query = {f"model.{name}": value for name, value in params.items()}
    answer = client.get("/inventory", params={"model.pageSize": 50, "model.pageNumber": number, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(client: httpx.Client, **params: Any) -> list[Row]:
    """All pages, by what TotalResults promises."""
    found: list[Row] = []
    number = 1
    while True:
        told = page(client, number, **params)
        found += told["Items"]
        if number * 50 >= told["TotalResults"]:
            return found
        number += 1


def ids(found: list[Row]) -> list[str]:
    return [row["ID"] for row in found]


def row(client: httpx.Client, product: str, **params: Any) -> Row:
    (found,) = rows(client, inventoryID=product, **params)
    return found


def a_product(store: SellercloudData, **wanted: bool) -> Product:
    """A plain product with stock in the main warehouse: in others too, with shadows, in kits, or not."""
    return next(
        one
        for one in store.products.values()
        if one.has_own_stock
        and one.kit_type is None
        and one.modified_at is not None
        and MAIN in one.holders
        and (len(one.holders) > 1) == wanted.get("spread", False)
        and bool(store.shadows_of.get(one.id)) == wanted.get("shadowed", False)
        and bool(store.kits_of.get(one.id)) == wanted.get("part", False)
    )


def test_no_switch_is_left_untested() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [one.name for one in fields(SellercloudSwitches) if f"switches.{one.name}" not in text] == []


def test_a_misspelt_switch_is_an_error(switches: SellercloudSwitches) -> None:
    with pytest.raises(AttributeError):
        switches.time_zone = "UTC"  # type: ignore[attr-defined]


def test_switches_are_set_over_http(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/_sandbox/switches/sellercloud"
    told = httpx.put(url, json={"throttle_status": 503, "extra_fields": ["B", "A"], "token_seconds": 5})
    assert (told.json()["throttle_status"], told.json()["extra_fields"]) == (503, ["A", "B"])
    assert httpx.put(url, json={"throttle_status": 418}).status_code == 400


# Getting in


def test_a_token_is_given_for_the_right_credentials_only(sandbox: Sandbox) -> None:
    told = token(sandbox)
    assert set(told) == {"access_token", "token_type", "username", "expires_in", ".issued", ".expires"}
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3600)
    assert told["access_token"].count(".") == 2
    assert ask_token(sandbox, Password="wrong").status_code == 401
    assert ask_token(sandbox, Username="who").status_code == 401
    assert ask_token(sandbox, Username="").status_code == 400
    assert token(sandbox)["access_token"] != told["access_token"]


@pytest.mark.parametrize(("state", "status"), [("granted", 200), ("401", 401), ("403", 403)])
def test_login(
    sandbox: Sandbox, switches: SellercloudSwitches, client: httpx.Client, state: Any, status: int
) -> None:
    switches.login = state
    assert ask_token(sandbox).status_code == status
    assert ask_token(sandbox, Password="wrong").status_code == 401
    assert client.get("/inventory").status_code == 200  # who is in stays in


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"Username": 5, "Password": "x"}, 401),
        ({"Username": USERNAME, "Password": [PASSWORD]}, 401),
        ({"USERNAME": USERNAME.upper(), "password": PASSWORD}, 200),
        ({"Username": USERNAME}, 400),
        ([USERNAME, PASSWORD], 400),
        (None, 400),
    ],
    ids=["number", "list", "any case", "no password", "no object", "null"],
)
def test_credentials_of_any_shape_are_answered(sandbox: Sandbox, body: Any, status: int) -> None:
    assert httpx.post(f"{sandbox.base_url('sellercloud')}/token", json=body).status_code == status


@pytest.mark.parametrize("header", ["", "Bearer  {}", "Bearer {}x", "{}", "Basic {}"])
def test_anything_but_the_token_is_refused(sandbox: Sandbox, header: str) -> None:
    authorization = header.format(token(sandbox)["access_token"])
    url = f"{sandbox.base_url('sellercloud')}/inventory"
    assert httpx.get(url, headers={"Authorization": authorization}).status_code == 401
    assert httpx.get(url).status_code == 401


def test_token_requests(sandbox: Sandbox, switches: SellercloudSwitches, client: httpx.Client) -> None:
    switches.token_requests = 2
    assert [client.get("/inventory").status_code for _ in range(3)] == [200, 200, 401]
    client.headers["Authorization"] = f"Bearer {token(sandbox)['access_token']}"
    assert [client.get("/Warehouses").status_code for _ in range(3)] == [200, 200, 401]


def test_token_seconds(sandbox: Sandbox, switches: SellercloudSwitches, client: httpx.Client) -> None:
    switches.token_seconds = 60
    assert token(sandbox)["expires_in"] == 60
    sandbox.clock.advance(seconds=59.9)
    assert client.get("/inventory").status_code == 200
    sandbox.clock.advance(seconds=0.1)
    assert client.get("/inventory").status_code == 401


def test_token_dates(sandbox: Sandbox, switches: SellercloudSwitches) -> None:
    told = token(sandbox)
    assert (told[".issued"], told[".expires"]) == ("2026-01-05T03:00:00", "2026-01-05T02:30:00")
    switches.token_dates = "right"
    assert token(sandbox)[".expires"] == "2026-01-05T04:00:00"


@pytest.mark.parametrize("status", [429, 403, 503, 200])
def test_throttle_status(
    sandbox: Sandbox, switches: SellercloudSwitches, client: httpx.Client, status: Any
) -> None:
    switches.throttle_after, switches.throttle_status, switches.throttle_seconds = 2, status, 900.5
    client.get("/inventory")
    token(sandbox)
    answers = [client.get("/Warehouses"), ask_token(sandbox), client.get("/nowhere")]
    assert [answer.status_code for answer in answers] == [status] * 3
    expected = {"Error": "Too many requests.", "RateLimitResetTime": "2026-01-05T08:15:00.5000001Z"}
    assert [answer.json() for answer in answers] == [expected] * 3
    assert not {"retry-after", "x-ratelimit-remaining"} & set(answers[0].headers)
    switches.throttle_after = None
    assert client.get("/inventory").json()["TotalResults"]


def test_throttle_retry_after(sandbox: Sandbox, switches: SellercloudSwitches, client: httpx.Client) -> None:
    switches.throttle_after, switches.throttle_seconds, switches.throttle_retry_after = 1, 900.5, True
    assert "retry-after" not in client.get("/inventory").headers
    assert client.get("/inventory").headers["retry-after"] == "901"
    sandbox.clock.advance(seconds=899.6)
    assert client.get("/inventory").headers["retry-after"] == "1"


def test_throttle_after_so_many_is_over_in_real_time_though_the_clock_stands_still(
    switches: SellercloudSwitches, client: httpx.Client
) -> None:
    switches.throttle_after, switches.throttle_seconds = 1, 0.3
    begun = time.monotonic()
    assert [client.get("/inventory").status_code for _ in range(2)] == [200, 429]
    while client.get("/inventory").status_code == 429:
        time.sleep(0.02)
    assert 0.3 <= time.monotonic() - begun < 3
    assert client.get("/inventory").status_code == 429


def test_throttle_seconds_also_pass_by_the_sandboxs_clock(
    sandbox: Sandbox, switches: SellercloudSwitches, client: httpx.Client
) -> None:
    switches.throttle_after, switches.throttle_seconds = 1, 600
    assert [client.get("/inventory").status_code for _ in range(2)] == [200, 429]
    sandbox.clock.advance(minutes=10)
    assert client.get("/inventory").status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("none", "application/json", ""),
        ("json", "application/json", '{"Message":"Not Valid Token"}'),
        ("html", "text/html; charset=utf-8", "<html><body><h1>401</h1>Not Valid Token</body></html>"),
    ],
)
def test_error_body(
    sandbox: Sandbox, switches: SellercloudSwitches, client: httpx.Client, body: Any, kind: str, text: str
) -> None:
    switches.error_body = body
    assert client.get("/nowhere").status_code == 404
    assert bool(client.get("/nowhere").text) == bool(text)
    sandbox.faults["sellercloud"].next(Fault("status", 500))
    assert bool(client.get("/inventory").text) == bool(text)
    answer = client.get("/inventory", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.headers["Content-Type"], answer.text) == (401, kind, text)


@pytest.mark.parametrize(("permission", "status"), [("granted", 200), ("404", 404), ("403", 403)])
def test_warehouses_permission(
    switches: SellercloudSwitches, client: httpx.Client, permission: Any, status: int
) -> None:
    switches.warehouses_permission = permission
    assert client.get("/Warehouses").status_code == status
    assert client.get("/inventory").status_code == 200


# What is asked


def test_paths_are_known_in_any_case_and_methods_are_not_mixed_up(client: httpx.Client) -> None:
    for path in ("/inventory", "/Inventory", "/INVENTORY/", "/warehouses", "/wareHouses", "/Companies"):
        assert client.get(path).status_code == 200
    assert client.post("/inventory", json={}).status_code == 405
    assert client.get("/token").status_code == 405
    assert client.get("/catalog").status_code == 404


def test_parameters_are_known_in_any_case_with_and_without_prefix(client: httpx.Client) -> None:
    for name in ("pageSize", "PAGESIZE", "model.pageSize", "Model.PageSize"):
        assert len(client.get("/inventory", params={name: 3}).json()["Items"]) == 3
    both = client.get("/inventory?pageSize=3&model.pageSize=4&pagesize=5").json()
    assert len(both["Items"]) == 4
    assert len(client.get("/inventory").json()["Items"]) == 10


def test_unknown_parameters_are_ignored_without_a_word(client: httpx.Client) -> None:
    everything = client.get("/inventory").json()
    assert client.get("/inventory?model.lastModifiedFrom=2026-01-05&model.sort=ID").json() == everything


@pytest.mark.parametrize("name", ["pageNumber", "kitType", "companyID"])
def test_a_number_that_is_none_is_refused(client: httpx.Client, name: str) -> None:
    assert client.get("/inventory", params={f"model.{name}": "many"}).status_code == 400


def test_ids_are_asked_for_with_commas_so_that_those_with_commas_are_not_found(client: httpx.Client) -> None:
    asked = ["AC/DC-100", "Salt&Pepper", "C++ Mug", "50% Wool", "No.#7", "听雨-1", "Größe-42"]
    assert sorted(ids(rows(client, inventoryID=",".join(asked)))) == sorted(asked)
    assert rows(client, inventoryID="S,M,L") == []
    assert rows(client, inventoryID="NOT-THERE") == []


def test_sku_case(switches: SellercloudSwitches, client: httpx.Client) -> None:
    assert row(client, "ac/dc-100")["ID"] == "AC/DC-100"
    switches.sku_case = "exact"
    assert rows(client, inventoryID="ac/dc-100") == []


def test_filters_choose_rows(client: httpx.Client) -> None:
    everything = rows(client)
    for name, values, field in (
        ("companyID", [164, 170], "CompanyID"),
        ("vendorID", [7, 12], "VendorID"),
        ("defaultVendorID", [31], "VendorID"),
        ("kitType", [1], "InventoryDependantOption"),
        ("kitType", [0], "InventoryDependantOption"),
    ):
        wanted = [one["ID"] for one in everything if one[field] in values]
        assert wanted and ids(rows(client, **{name: values})) == wanted
    upc = next(one["UPC"] for one in everything if one["UPC"].startswith("0"))
    assert {one["UPC"] for one in rows(client, upc=upc)} == {upc}
    ean = next(one["EAN"] for one in everything if one["EAN"])
    assert {one["EAN"] for one in rows(client, eAN=f"{ean},1")} == {ean}
    vendor_sku = next(one["DefaultVendorSKU"] for one in everything if one["DefaultVendorSKU"])
    assert {one["DefaultVendorSKU"] for one in rows(client, vendorSKU=[vendor_sku])} == {vendor_sku}
    assert {one["BrandName"] for one in rows(client, brandIds=[4])} == {"Crème & Co"}
    assert ids(rows(client, keyword="hazard 3")) == ["50% Wool", "50% Wool-FBA", "50% Wool-FBM"]
    held = [one for one in everything if not one["WarehouseBasedPhysicalAndReservedQty"]]
    some = ids(rows(client, physicalQtyFrom=3, physicalQtyTo=8))
    assert [one["ID"] for one in held if 3 <= one["PhysicalQty"] <= 8] == [
        one["ID"] for one in held if one["ID"] in some
    ]
    assert rows(client, productGroupFilterType=1) == rows(client, poID=1) == []
    assert len(rows(client, productGroupFilterType=-1)) == len(everything)


# Clocks


@pytest.mark.parametrize(
    ("timezone", "hour"),
    [("America/New_York", "03"), ("UTC", "08"), ("Europe/Berlin", "09"), ("Asia/Kolkata", "13")],
)
def test_timezone(
    sandbox: Sandbox,
    switches: SellercloudSwitches,
    store: SellercloudData,
    client: httpx.Client,
    timezone: str,
    hour: str,
) -> None:
    switches.timezone = timezone
    assert sandbox.settings("sellercloud")["timezone"] == timezone
    product = a_product(store)
    store.move(product.id, MAIN, physical=1)
    told = row(client, product.id)["LastAggregateDate"]
    assert told.startswith(f"2026-01-05T{hour}:") and re.fullmatch(r"[\d:T-]+", told)
    assert ids(rows(client, lastAggregateFrom=told)) == [product.id]
    assert ids(rows(client, lastAggregateFrom="2026-01-05T08:00:00Z")) == [product.id]


@pytest.mark.parametrize(
    "literal",
    [
        "01/05/2026 03:00",
        "1/5/2026 03:00",
        "01/05/2026 03:00:00",
        "2026-01-05T03:00",
        "2026-01-05 03:00:00",
        "2026-01-05T03:00:00.000",
        "2026-01-05T08:00:00Z",
        "2026-01-05T08:00:00.0000000Z",
        "2026-01-05T09:00:00+01:00",
    ],
)
def test_dates_are_read_in_every_form_and_compared_in_local_time(
    store: SellercloudData, client: httpx.Client, literal: str
) -> None:
    product = a_product(store)
    store.move(product.id, MAIN, physical=1)
    assert ids(rows(client, lastAggregateFrom=literal)) == [product.id]
    assert product.id not in ids(rows(client, lastUpdatedFrom=literal))
    assert len(rows(client, lastAggregateFrom=literal, lastAggregateTo="01/05/2026")) == 0


@pytest.mark.parametrize("timezone", ["America/New_York", "UTC", "Asia/Kolkata"])
def test_dates_at_the_ends_of_time_are_read(
    switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client, timezone: str
) -> None:
    switches.timezone = timezone
    dated = {one.id for one in store.products.values() if one.aggregated_at is not None}
    first, last = "0001-01-01T00:00:00", "9999-12-31T23:59:59"
    for offset in ("", "Z", "+14:00", "-12:00"):
        window = {"lastAggregateFrom": f"{first}{offset}", "lastAggregateTo": f"{last}{offset}"}
        assert set(ids(rows(client, **window))) == dated
        assert rows(client, lastAggregateFrom=f"{last}{offset}") == []


def test_windows_are_asked_for_with_bare_names_too(store: SellercloudData, client: httpx.Client) -> None:
    product = a_product(store)
    store.edit(product.id, ProductName="Edited")
    for name in ("LastUpdatedFrom", "lastupdatedfrom", "MODEL.LASTUPDATEDFROM"):
        found = client.get("/inventory", params={name: "01/05/2026 03:00"}).json()
        assert ids(found["Items"]) == [product.id]


def test_a_time_of_the_repeated_hour_stands_for_both(store: SellercloudData, client: httpx.Client) -> None:
    moments = [datetime(2025, 11, 2, hour, 30, tzinfo=UTC) for hour in (5, 6)]
    both = [one.id for one in store.products.values() if one.aggregated_at in moments]
    assert {store.products[one].aggregated_at for one in both} == set(moments)
    found = rows(client, lastAggregateFrom="11/02/2025 01:30", lastAggregateTo="11/02/2025 01:30")
    assert sorted(ids(found)) == sorted(both)
    assert {one["LastAggregateDate"] for one in found} == {"2025-11-02T01:30:00"}


def test_rows_without_a_date_are_in_no_window(store: SellercloudData, client: httpx.Client) -> None:
    never = {one.id for one in store.products.values() if one.modified_at is None}
    everything = set(ids(rows(client)))
    assert never and set(ids(rows(client, lastUpdatedFrom="01/01/0001"))) == everything - never
    assert set(ids(rows(client, lastUpdatedTo="12/31/9999"))) == everything - never


@pytest.mark.parametrize(("bad_date", "status"), [("400", 400), ("ignored", 200)])
def test_bad_date(switches: SellercloudSwitches, client: httpx.Client, bad_date: Any, status: int) -> None:
    switches.bad_date = bad_date
    for text in ("yesterday", "13/45/2026 03:00", "2026-02-30", "2026-01-05T3"):
        assert client.get("/inventory", params={"lastUpdatedFrom": text}).status_code == status


def test_precision(
    sandbox: Sandbox, switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client
) -> None:
    product = a_product(store)
    sandbox.clock.advance(seconds=61.25)
    store.move(product.id, MAIN, physical=1)
    for precision, told in (
        ("milliseconds", "03:01:01.25"),
        ("seconds", "03:01:01"),
        ("minutes", "03:01:00"),
    ):
        switches.precision = precision  # type: ignore[assignment]
        assert row(client, product.id)["LastAggregateDate"] == f"2026-01-05T{told}"
        assert ids(rows(client, lastAggregateFrom=f"2026-01-05T{told}")) == [product.id]
        assert bool(rows(client, lastAggregateFrom="2026-01-05T03:01:01")) == (precision != "minutes")


@pytest.mark.parametrize("inclusive", [True, False])
def test_inclusive(
    switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client, *, inclusive: bool
) -> None:
    product = a_product(store)
    store.move(product.id, MAIN, physical=1)
    switches.from_inclusive = inclusive
    at, before, after = "2026-01-05T03:00:00", "2026-01-05T02:59:59.999", "2026-01-05T03:00:00.001"
    assert bool(rows(client, lastAggregateFrom=at)) is inclusive
    assert rows(client, lastAggregateFrom=before)
    switches.from_inclusive, switches.to_inclusive = True, inclusive
    assert bool(rows(client, lastAggregateFrom=before, lastAggregateTo=at)) is inclusive
    assert rows(client, lastAggregateFrom=before, lastAggregateTo=after)


def test_quantity_moves_modified(
    switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client
) -> None:
    product = a_product(store)
    before = row(client, product.id)["LastModifiedDate"]
    store.move(product.id, MAIN, physical=1)
    assert row(client, product.id)["LastModifiedDate"] == before
    switches.quantity_moves_modified = True
    assert row(client, product.id)["LastModifiedDate"] == "2026-01-05T03:00:00"
    assert ids(rows(client, lastUpdatedFrom="01/05/2026 03:00")) == [product.id]


def test_empty_aggregation_moves_clock(
    switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client
) -> None:
    product = a_product(store)
    before = row(client, product.id)
    assert store.aggregate([product.id]) == {}
    assert row(client, product.id) == before
    switches.empty_aggregation_moves_clock = True
    assert row(client, product.id) == {**before, "LastAggregateDate": "2026-01-05T03:00:00"}


def test_shadow_follows_clock(
    switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client
) -> None:
    parent = a_product(store, shadowed=True)
    shadow = store.shadows_of[parent.id][0]
    before = row(client, shadow)
    store.move(parent.id, MAIN, physical=1000)
    after = row(client, shadow)
    assert after["InventoryAvailableQty"] == before["InventoryAvailableQty"] + 1000
    assert after["LastAggregateDate"] == before["LastAggregateDate"]
    switches.shadow_follows_clock = True
    assert row(client, shadow)["LastAggregateDate"] == "2026-01-05T03:00:00"
    assert set(ids(rows(client, lastAggregateFrom="01/05/2026"))) == {parent.id, *store.shadows_of[parent.id]}


def test_kit_follows_clock(
    switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client
) -> None:
    kit = store.products["KIT-TWICE"]
    before = row(client, kit.id)
    store.move(kit.children[0].product, MAIN, physical=1000)
    after = row(client, kit.id)
    assert after["InventoryAvailableQty"] >= before["InventoryAvailableQty"] + 499
    assert after["LastAggregateDate"] == before["LastAggregateDate"]
    switches.kit_follows_clock = True
    assert row(client, kit.id)["LastAggregateDate"] == "2026-01-05T03:00:00"


def test_counters_age(
    sandbox: Sandbox, switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client
) -> None:
    names = [f"QtySold{days}" for days in (15, 30, 60, 90, 180, 365)]
    before = rows(client)
    assert all(one[few] <= one[many] for one in before for few, many in pairwise(names))
    sandbox.clock.advance(hours=20.9)
    client.headers["Authorization"] = f"Bearer {token(sandbox)['access_token']}"
    assert rows(client) == before
    switches.counters_age = True
    assert rows(client) == before
    sandbox.clock.advance(hours=0.2)  # midnight in New York
    after = rows(client)
    changed = {name for old, new in zip(before, after, strict=True) for name in old if old[name] != new[name]}
    assert changed == {*names, "QtySoldYTD"}
    sandbox.clock.advance(days=360)
    client.headers["Authorization"] = f"Bearer {token(sandbox)['access_token']}"
    assert max(one["QtySoldYTD"] for one in rows(client)) == 0


def test_rebates_from_parent(
    sandbox: Sandbox, switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client
) -> None:
    parent = a_product(store, shadowed=True)
    shadow = store.shadows_of[parent.id][0]
    now = sandbox.clock.now()
    starts, ends = now + timedelta(minutes=10), now + timedelta(minutes=20)
    store.set_rebate(shadow, None)
    store.set_rebate(parent.id, Rebate(77, Decimal("1.50"), Decimal("0.75"), starts, ends, now))
    assert row(client, parent.id)["ActiveRebateID"] == 0
    sandbox.clock.advance(minutes=10)
    told = row(client, parent.id)
    assert (told["ActiveRebateID"], told["ActiveRebateValue"]) == (77.0, 1.5)
    assert told["ActiveRebateStartDate"] == "2026-01-05T03:10:00"
    assert row(client, shadow)["ActiveRebateID"] == 0
    switches.rebates_from_parent = True
    assert row(client, shadow)["ActiveRebateID"] == 77.0
    sandbox.clock.advance(minutes=10)
    assert row(client, parent.id)["ActiveRebateID"] == row(client, shadow)["ActiveRebateID"] == 0


# Pages


def test_row_order(switches: SellercloudSwitches, client: httpx.Client) -> None:
    everything = ids(rows(client))
    assert everything == sorted(everything)
    switches.row_order = "modified"
    dates = [one["LastModifiedDate"] or "" for one in rows(client)]
    assert dates == sorted(dates) and len(dates) == len(everything)
    assert dates[0] == ""
    switches.row_order = "modified_desc"
    assert [one["LastModifiedDate"] or "" for one in rows(client)] == dates[::-1]
    switches.row_order = "shuffled"
    first, second = page(client), page(client)
    assert ids(first["Items"]) != ids(second["Items"])
    assert first["TotalResults"] == second["TotalResults"] == len(everything)
    assert sorted(ids(rows(client))) != everything


@pytest.mark.parametrize(("clamp", "rows_"), [("clamp", 50), ("honour", 100)])
def test_page_clamp(switches: SellercloudSwitches, client: httpx.Client, clamp: Any, rows_: int) -> None:
    switches.page_clamp = clamp
    assert len(page(client, pageSize=100)["Items"]) == rows_
    assert len(page(client, pageSize=7)["Items"]) == 7


@pytest.mark.parametrize("beyond", ["empty", "repeat_last", "null"])
def test_beyond_end(switches: SellercloudSwitches, client: httpx.Client, beyond: Any) -> None:
    switches.beyond_end = beyond
    first = page(client)
    last = -(-first["TotalResults"] // 50)
    items = {"empty": [], "repeat_last": page(client, last)["Items"], "null": None}[beyond]
    assert page(client, last)["Items"]
    assert page(client, last + 3) == {"Items": items, "TotalResults": first["TotalResults"]}
    nothing = page(client, inventoryID="NOT-THERE")
    assert nothing == {"Items": None if beyond == "null" else [], "TotalResults": 0}


def test_null_items_page(switches: SellercloudSwitches, client: httpx.Client) -> None:
    first = page(client)
    switches.null_items_page = 2
    assert page(client) == first
    assert page(client, 2) == {"Items": None, "TotalResults": first["TotalResults"]}
    assert page(client, 3)["Items"]


@pytest.mark.parametrize(
    ("told", "rest"), [("told", {"TotalResults": 156}), ("null", {"TotalResults": None}), ("absent", {})]
)
def test_total_results(
    switches: SellercloudSwitches, client: httpx.Client, told: Any, rest: dict[str, int | None]
) -> None:
    items = page(client)["Items"]
    switches.total_results = told
    assert page(client) == {"Items": items, **rest}


def test_total_skew(switches: SellercloudSwitches, client: httpx.Client) -> None:
    total = page(client)["TotalResults"]
    switches.total_skew = -2
    assert page(client)["TotalResults"] == total - 2


def test_pages_show_at_once_what_comes_goes_and_changes(store: SellercloudData, client: httpx.Client) -> None:
    everything = ids(rows(client))
    first, second, third = [one for one in everything if not store.shadows_of.get(one)][:3]
    store.delete(first)
    store.rename(second, "~ last")
    store.edit(third, ProductName="Edited")
    expected = sorted([*(one for one in everything if one not in (first, second)), "~ last"])
    found = rows(client)
    assert ids(found) == expected
    assert [one["ID"] for one in found if one["ProductName"] == "Edited"] == [third]
    assert ids(rows(client, lastUpdatedFrom="2026-01-05T03:00:00")) == sorted([third, "~ last"])


def test_after_page(switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client) -> None:
    everything = ids(rows(client))
    alone = next(one for one in everything if not store.shadows_of.get(one))
    told: list[int] = []

    def leave(number: int) -> None:
        told.append(number)
        if number == 1:
            store.delete(alone)

    switches.after_page = leave
    found = ids(rows(client))
    assert set(everything) - set(found) == {everything[50]}  # moved up to page 1 while page 2 was asked for
    assert told == list(range(1, len(told) + 1)) and len(told) > 2


# What a row shows


def test_default_company_only(sandbox: Sandbox, switches: SellercloudSwitches, client: httpx.Client) -> None:
    everything = rows(client)
    switches.default_company_only = True
    ours = rows(client)
    assert ids(ours) == [one["ID"] for one in everything if one["CompanyID"] == 163]
    assert len(ours) < len(everything)
    assert {key for (key,) in sandbox.truth("sellercloud", "inventory")} == set(ids(ours))
    assert ids(rows(client, companyID=[163, 164, 170])) == ids(everything)


def test_empty_dates(switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client) -> None:
    product = next(one for one in store.products.values() if one.modified_at is None)
    assert row(client, product.id)["LastModifiedDate"] is None
    switches.empty_dates = "year_one"
    assert row(client, product.id)["LastModifiedDate"] == "0001-01-01T00:00:00"
    assert row(client, product.id)["ActiveRebateEndDate"][:4] in ("0001", "2036")
    switches.empty_dates = "absent"
    assert "LastModifiedDate" not in row(client, product.id)
    assert product.id not in ids(rows(client, lastUpdatedTo="12/31/9999"))


def test_empty_text(switches: SellercloudSwitches, client: httpx.Client) -> None:
    before = row(client, "AC/DC-100")
    empty = {name for name, value in before.items() if value == ""}
    assert {"ShadowOf", "UPC", "FirstKitChild"} <= empty
    switches.empty_text = "null"
    assert row(client, "AC/DC-100") == {**before, **dict.fromkeys(empty)}


def test_empty_numbers(switches: SellercloudSwitches, client: httpx.Client) -> None:
    before = rows(client)
    switches.empty_numbers = "null"
    after = rows(client)
    for old, new in zip(before, after, strict=True):
        unset = {name for name in ZERO_IS_UNSET if old[name] == 0}
        assert new == {**old, **dict.fromkeys(unset)}
    assert {"VendorID", "Rating", "SalesRank", "ActiveRebateID"} <= {
        name for one in after for name in one if one[name] is None
    }
    assert any(one["InventoryAvailableQty"] == 0 for one in after)
    switches.masked_by_flags = True  # what is hidden is 0, not unknown
    assert {one["VendorID"] for one in rows(client) if not one["VendorVisible"]} == {0}


@pytest.mark.parametrize(
    ("flag", "masked"),
    [
        ("SiteCostVisible", {"SiteCost": 0}),
        ("LastCostVisible", {"LastCost": 0}),
        ("WholeSalePriceVisible", {"WholeSalePrice": 0}),
        ("BackOrderVisible", {"OnBackOrder": 0}),
        ("VendorVisible", {"VendorID": 0, "DefaultVendor": "", "DefaultVendorSKU": ""}),
        ("ShowPriorityAndRatingDelta", {"Priority": 0, "Rating": 0}),
    ],
)
def test_masked_by_flags(switches: SellercloudSwitches, client: httpx.Client, flag: str, masked: Row) -> None:
    before = [one for one in rows(client) if not one[flag]]
    assert any(one[name] != value for one in before for name, value in masked.items())
    switches.masked_by_flags = True
    after = {one["ID"]: one for one in rows(client)}
    assert all({**after[one["ID"]], **masked} == after[one["ID"]] for one in before)
    others = [one for one in after.values() if one[flag]]
    assert any(one[name] != value for one in others for name, value in masked.items())


def test_new_value(switches: SellercloudSwitches, client: httpx.Client) -> None:
    columns = [column for one in rows(client) for column in one["CustomColumns"]]
    assert {json.dumps(one["NewValue"]) for one in columns} == {"null"}
    switches.new_value = "value"
    columns = [column for one in rows(client) for column in one["CustomColumns"]]
    assert all(one["NewValue"] == one["Value"] for one in columns)


def test_physical_qty(switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client) -> None:
    before = {one["ID"]: one for one in rows(client)}
    switches.physical_qty = "sellable"
    after = {one["ID"]: one for one in rows(client)}
    changed = {name for name in before if before[name] != after[name]}
    assert changed
    for name, old in before.items():
        is_local = old["WarehouseBasedPhysicalAndReservedQty"]
        less = 0 if is_local else old["AggregateNonSellableQty"]
        assert after[name] == {**old, "PhysicalQty": old["PhysicalQty"] - less}
    own = [one for one in sorted(changed) if store.products[one].has_own_stock and "," not in one]
    product = store.products[own[0]]
    assert row(client, product.id, warehouse=DAMAGED)["PhysicalQty"] == 0
    assert row(client, product.id, warehouse=MAIN)["PhysicalQty"] == product.stock[MAIN].physical


def test_messy_quantities(switches: SellercloudSwitches, client: httpx.Client) -> None:
    before = rows(client)
    switches.messy_quantities = True
    after = rows(client)
    messy = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert 1 <= len(messy) <= len(before) * 0.02
    assert all(new == {**old, "AggregateQty": old["AggregateQty"] + 1} for old, new in messy)


def test_aggregated_qty(switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client) -> None:
    product = next(one for one in store.products.values() if AMAZON in one.holders)
    told = row(client, product.id)
    assert told["AggregatePhysicalQtyFBA"] == product.stock[AMAZON].physical > 0
    assert told["AggregatedQty"] == told["AggregateQty"] - told["AggregatePhysicalQtyFBA"]
    switches.aggregated_qty = "twin"
    told = row(client, product.id)
    assert told["AggregatedQty"] == told["AggregateQty"]


def test_values(switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client) -> None:
    product = a_product(store, spread=True)
    text = client.get("/inventory", params={"inventoryID": product.id}).text
    told = json.loads(text, parse_float=Decimal)["Items"][0]
    assert told["WarehousePhysicalQtyValue"] == told["WarehousePhysicalQty"] * told["AverageCost"]
    switches.values = "quantities"
    assert row(client, product.id)["WarehousePhysicalQtyValue"] == told["WarehousePhysicalQty"]


def test_warehouse_count(switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client) -> None:
    product = a_product(store)
    assert row(client, product.id)["WarehouseCount"] == 1
    switches.warehouse_count = "all"
    assert row(client, product.id)["WarehouseCount"] == len(store.warehouses)


def test_order_reserve_total(switches: SellercloudSwitches, client: httpx.Client) -> None:
    before = {one["ID"]: one for one in rows(client) if one["OrderReserveTotal"]}
    assert before and all(one["OrderReserveTotal"] <= one["ReservedQty"] for one in before.values())
    switches.order_reserve_total = "own"
    for one in rows(client):
        if one["ID"] in before:
            told = before[one["ID"]]
            assert one["OrderReserveTotal"] + one["ReservedQty"] == told["ReservedQty"]
            assert one["OrderReserveTotal"] == told["OrderReserveTotal"]


def test_extra_fields_and_dropped_fields(
    sandbox: Sandbox, switches: SellercloudSwitches, client: httpx.Client
) -> None:
    before = row(client, "C++ Mug")
    dropped = {"BrandName", "LastModifiedDate", "CustomColumns", "ChildProducts"}
    switches.extra_fields = {"HarmonizedCode", 'Odd "name"'}
    switches.dropped_fields = dropped
    after = row(client, "C++ Mug")
    extra = {"HarmonizedCode": "new", 'Odd "name"': "new"}
    assert after == {**{name: before[name] for name in before.keys() - dropped}, **extra}
    assert sandbox.truth("sellercloud", "inventory")["C++ Mug",] == after


# Warehouses


def test_warehouses_shape(sandbox: Sandbox, switches: SellercloudSwitches, client: httpx.Client) -> None:
    told = client.get("/Warehouses").json()
    assert told["TotalResults"] == len(told["Items"]) == len(sandbox.truth("sellercloud", "warehouses"))
    switches.warehouses_shape = "array"
    assert client.get("/warehouses").json() == told["Items"]


def test_warehouses_are_filtered_and_paged_for_who_asks(client: httpx.Client) -> None:
    def names(query: str) -> list[int]:
        return [one["ID"] for one in client.get(f"/Warehouses?{query}").json()["Items"]]

    assert names("model.isDefault=1") == [MAIN]
    assert names("model.isSellable=2") == [DAMAGED]
    assert names("warehouseType=1") == [AMAZON]
    assert names("warehouseIds=10&warehouseIds=30") == [MAIN, DAMAGED]
    assert names("name=tor") == [11]
    assert names("pageSize=2&pageNumber=2") == [AMAZON, DAMAGED]
    assert names("pageNumber=2") == []


def test_warehouse_quantities(
    switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client
) -> None:
    product = a_product(store, spread=True)
    whole = row(client, product.id)
    parts = [row(client, product.id, warehouse=place) for place in product.holders]
    names = ("AggregateQty", "InventoryAvailableQty", "AggregateNonSellableQty", "AggregatePhysicalQtyFBA")
    for name in names:
        assert sum(one[name] for one in parts) == whole[name]
    for place, part in zip(product.holders, parts, strict=True):
        held = product.stock[place]
        assert (part["WarehousePhysicalQty"], part["PhysicalQty"]) == (held.physical, held.physical)
        assert part["ReservedQty"] == held.reserved
        assert part["WarehouseName"] == store.warehouses[place]["Name"]
    switches.warehouse_quantities = "total"
    assert all(row(client, product.id, warehouse=place) == whole for place in product.holders)


def test_a_warehouse_lists_what_has_stock_in_it(store: SellercloudData, client: httpx.Client) -> None:
    for place in store.warehouses:
        held = [one for one in store.products.values() if place in store.holders(one)]
        assert ids(rows(client, warehouse=place)) == sorted(one.id for one in held)
    several = rows(client, warehouse=[DAMAGED, AMAZON])
    assert {*ids(several)} == {
        *ids(rows(client, warehouse=DAMAGED)),
        *ids(rows(client, warehouse=AMAZON)),
    }


def test_a_warehouse_asked_for_twice_counts_once_and_an_unknown_one_holds_nothing(
    store: SellercloudData, client: httpx.Client
) -> None:
    product = a_product(store, spread=True)
    once = row(client, product.id, warehouse=MAIN)
    assert once["PhysicalQty"] > 0
    assert row(client, product.id, warehouse=[MAIN, MAIN, 999]) == once
    assert rows(client, warehouse=999) == []


def test_companies_are_those_of_the_rows(sandbox: Sandbox, client: httpx.Client) -> None:
    told = client.get("/Companies").json()
    truth = sandbox.truth("sellercloud", "companies")
    assert told == {"Items": list(truth.values()), "TotalResults": 3}
    assert [one["ID"] for one in told["Items"] if one["IsDefaultCompany"]] == [163]
    assert {(one["ID"], one["CompanyName"]) for one in told["Items"]} == {
        (one["CompanyID"], one["CompanyName"]) for one in rows(client)
    }
    second = client.get("/Companies?model.pageSize=2&model.pageNumber=2").json()
    assert (second["Items"], second["TotalResults"]) == (told["Items"][2:], 3)


def test_warehouse_stock_shape(
    switches: SellercloudSwitches, store: SellercloudData, client: httpx.Client
) -> None:
    product = a_product(store, spread=True)
    told = client.get("/Inventory/Warehouses", params={"productID": product.id.lower()}).json()
    assert [one["WarehouseID"] for one in told] == product.holders
    assert [one["PhysicalQty"] for one in told] == [product.stock[one].physical for one in product.holders]
    assert sum(one["AvailableQty"] for one in told) == row(client, product.id)["InventoryAvailableQty"]
    query = {"productID": product.id, "warehouseID": product.holders[1]}
    assert client.get("/Inventory/Warehouses", params=query).json() == [told[1]]
    switches.warehouse_stock_shape = "object"
    assert client.get("/inventory/warehouses", params=query).json() == told[1]
    for missing in ("NOT-THERE", "", "S,M"):
        answer = client.get("/Inventory/Warehouses", params={"productID": missing})
        assert answer.status_code == 404
    assert client.get("/Inventory/Warehouses", params={"productID": "S,M,L"}).status_code == 200

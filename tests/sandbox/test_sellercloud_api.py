"""Sellercloud's room: logins, throttling, windows in local time, pages that move."""

import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sandbox import Fault, Sandbox
from sandbox.sellercloud.products import MAIN
from sandbox.sellercloud.routes import PASSWORD, USERNAME
from tests.sandbox.reading import login, products

PROVIDER = "sellercloud"


def ask_token(sandbox: Sandbox, body: Any = None) -> httpx.Response:
    body = {"Username": USERNAME, "Password": PASSWORD} if body is None else body
    return httpx.post(f"{sandbox.base_url('sellercloud')}/token", json=body)


def page(client: httpx.Client, number: int = 1, **params: Any) -> dict[str, Any]:
    query = {f"model.{name}": value for name, value in params.items()}
    answer = client.get("/inventory", params={"model.pageSize": 50, "model.pageNumber": number, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["ID"] for row in rows]


def row(client: httpx.Client, product: str) -> dict[str, Any]:
    (found,) = products(client, inventoryID=product)
    return found


@pytest.fixture
def product(data: Any) -> str:
    """A plain product with stock, no part of a kit and without shadows."""
    plain = (
        one for one in data.products.values() if one.has_own_stock and one.modified_at and MAIN in one.holders
    )
    return next(one.id for one in plain if not data.shadows_of.get(one.id) and not data.kits_of.get(one.id))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"Username": 5, "Password": "x"}, 401),
        ({"Username": USERNAME, "Password": [PASSWORD]}, 401),
        ({"USERNAME": USERNAME.upper(), "password": PASSWORD}, 200),
        ({"Username": USERNAME}, 400),
        ([USERNAME, PASSWORD], 400),
    ],
    ids=["number", "list", "any case", "no password", "no object"],
)
def test_credentials_of_any_shape_are_answered(sandbox: Sandbox, body: Any, status: int) -> None:
    assert ask_token(sandbox, body).status_code == status


def test_a_token_and_its_dates(sandbox: Sandbox, switches: Any) -> None:
    told = ask_token(sandbox).json()
    assert set(told) == {"access_token", "token_type", "username", "expires_in", ".issued", ".expires"}
    assert (told[".issued"], told[".expires"]) == ("2026-01-05T03:00:00", "2026-01-05T02:30:00")
    switches.token_dates = "right"
    assert ask_token(sandbox).json()[".expires"] == "2026-01-05T04:00:00"


@pytest.mark.parametrize("header", ["", "Bearer  {}", "Bearer {}x", "{}", "Basic {}"])
def test_anything_but_the_token_is_refused(sandbox: Sandbox, header: str) -> None:
    headers = {"Authorization": header.format(login(sandbox))}
    assert httpx.get(f"{sandbox.base_url('sellercloud')}/inventory", headers=headers).status_code == 401


def test_tokens_end_by_requests_and_by_seconds(sandbox: Sandbox, switches: Any, client: httpx.Client) -> None:
    switches.token_requests = 2
    assert [client.get("/inventory").status_code for _ in range(3)] == [200, 200, 401]
    switches.token_requests, switches.token_seconds = None, 60
    sandbox.clock.advance(seconds=59.9)
    assert client.get("/inventory").status_code == 200
    sandbox.clock.advance(seconds=0.1)
    assert client.get("/inventory").status_code == 401


@pytest.mark.parametrize("status", [429, 403, 503, 200])
def test_a_throttle_names_when_it_ends(
    sandbox: Sandbox, switches: Any, client: httpx.Client, status: Any
) -> None:
    switches.throttle_after, switches.throttle_status, switches.throttle_seconds = 1, status, 900.5
    client.get("/inventory")
    answers = [client.get("/Warehouses"), ask_token(sandbox), client.get("/nowhere")]
    expected = {"Error": "Too many requests.", "RateLimitResetTime": "2026-01-05T08:15:00.5000001Z"}
    assert [(answer.status_code, answer.json()) for answer in answers] == [(status, expected)] * 3
    assert "retry-after" not in answers[0].headers
    switches.throttle_retry_after = True
    assert client.get("/inventory").headers["retry-after"] == "901"
    sandbox.clock.advance(seconds=901)
    assert client.get("/inventory").json()["TotalResults"]


def test_a_throttle_ends_in_real_time_though_the_clock_stands_still(
    switches: Any, client: httpx.Client
) -> None:
    switches.throttle_after, switches.throttle_seconds = 1, 0.3
    assert [client.get("/inventory").status_code for _ in range(2)] == [200, 429]
    time.sleep(0.3)
    assert [client.get("/inventory").status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("error_body", "kind", "text"),
    [
        ("none", "application/json", ""),
        ("json", "application/json", '{"Message":"Not Valid Token"}'),
        ("html", "text/html; charset=utf-8", "<html><body><h1>401</h1>Not Valid Token</body></html>"),
    ],
)
def test_error_body(
    sandbox: Sandbox, switches: Any, client: httpx.Client, error_body: Any, kind: str, text: str
) -> None:
    switches.error_body = error_body
    sandbox.faults["sellercloud"].next(Fault("status", 500))
    assert bool(client.get("/inventory").text) == bool(text)
    assert client.get("/nowhere").status_code == 404
    assert client.post("/inventory", json={}).status_code == 405
    answer = client.get("/inventory", headers={"Authorization": "Bearer x"})
    assert (answer.headers["Content-Type"], answer.text) == (kind, text)


def test_names_are_known_in_any_case_with_and_without_prefix_and_others_ignored(client: httpx.Client) -> None:
    for name in ("pageSize", "PAGESIZE", "model.pageSize", "Model.PageSize"):
        assert len(client.get("/INVENTORY/", params={name: 3}).json()["Items"]) == 3
    assert len(client.get("/inventory?pageSize=3&model.pageSize=4").json()["Items"]) == 4
    assert len(client.get("/inventory?model.sort=ID").json()["Items"]) == 10
    assert client.get("/inventory?model.pageNumber=many").status_code == 400


def test_ids_are_asked_for_with_commas_so_that_those_with_commas_are_not_found(client: httpx.Client) -> None:
    asked = ["AC/DC-100", "Salt&Pepper", "C++ Mug", "50% Wool", "No.#7", "听雨-1", "Größe-42"]
    assert sorted(ids(products(client, inventoryID=",".join(asked)))) == sorted(asked)
    assert products(client, inventoryID="S,M,L") == []


@pytest.mark.parametrize(
    ("timezone", "hour"), [("America/New_York", "03"), ("UTC", "08"), ("Asia/Kolkata", "13")]
)
def test_times_are_told_and_asked_for_in_the_server_s_zone(
    sandbox: Sandbox, switches: Any, data: Any, client: httpx.Client, product: str, timezone: str, hour: str
) -> None:
    switches.timezone = timezone
    assert sandbox.settings("sellercloud")["timezone"] == timezone
    data.move(product, MAIN, physical=1)
    told = row(client, product)["LastAggregateDate"]
    assert told.startswith(f"2026-01-05T{hour}:")
    for literal in (told, told.replace("T", " "), "2026-01-05T08:00:00Z", "2026-01-05T09:00:00+01:00"):
        assert ids(products(client, lastAggregateFrom=literal)) == [product]
        assert product not in ids(products(client, lastUpdatedFrom=literal))


@pytest.mark.parametrize("offset", ["", "Z", "+14:00", "-12:00"])
def test_dates_at_the_ends_of_time_are_read_and_rows_without_a_date_are_in_no_window(
    data: Any, client: httpx.Client, offset: str
) -> None:
    dated = {one.id for one in data.products.values() if one.aggregated_at is not None}
    first, last = f"0001-01-01T00:00:00{offset}", f"9999-12-31T23:59:59{offset}"
    assert set(ids(products(client, lastAggregateFrom=first, lastAggregateTo=last))) == dated
    assert products(client, lastAggregateFrom=last) == []


@pytest.mark.parametrize("text", ["yesterday", "13/45/2026 03:00", "2026-02-30", "2026-01-05T3"])
def test_a_bad_date_is_refused(client: httpx.Client, text: str) -> None:
    assert client.get("/inventory", params={"lastUpdatedFrom": text}).status_code == 400


def test_a_time_of_the_repeated_hour_stands_for_both(data: Any, client: httpx.Client) -> None:
    moments = [datetime(2025, 11, 2, hour, 30, tzinfo=UTC) for hour in (5, 6)]
    both = [one.id for one in data.products.values() if one.aggregated_at in moments]
    assert {data.products[one].aggregated_at for one in both} == set(moments)
    found = products(client, lastAggregateFrom="11/02/2025 01:30", lastAggregateTo="11/02/2025 01:30")
    assert sorted(ids(found)) == sorted(both)


@pytest.mark.parametrize(
    ("precision", "told"),
    [("milliseconds", "03:01:01.25"), ("seconds", "03:01:01"), ("minutes", "03:01:00")],
)
def test_precision(
    sandbox: Sandbox, switches: Any, data: Any, client: httpx.Client, product: str, precision: Any, told: str
) -> None:
    switches.precision = precision
    sandbox.clock.advance(seconds=61.25)
    data.move(product, MAIN, physical=1)
    assert row(client, product)["LastAggregateDate"] == f"2026-01-05T{told}"
    assert ids(products(client, lastAggregateFrom=f"2026-01-05T{told}")) == [product]
    assert bool(products(client, lastAggregateFrom="2026-01-05T03:01:01")) == (precision != "minutes")


@pytest.mark.parametrize("inclusive", [True, False])
def test_ends_of_a_window(
    switches: Any, data: Any, client: httpx.Client, product: str, inclusive: bool
) -> None:
    data.move(product, MAIN, physical=1)
    switches.from_inclusive, switches.to_inclusive = inclusive, inclusive
    at, before = "2026-01-05T03:00:00", "2026-01-05T02:59:59.999"
    assert bool(products(client, lastAggregateFrom=at)) is inclusive
    assert bool(products(client, lastAggregateFrom=before, lastAggregateTo=at)) is inclusive
    assert products(client, lastAggregateFrom=before, lastAggregateTo="2026-01-05T03:00:00.001")


CLOCKS = {
    "quantity_moves_modified": ("LastModifiedDate", lambda data, product: product),
    "shadow_follows_clock": ("LastAggregateDate", lambda data, product: data.shadows_of[product][0]),
    "kit_follows_clock": ("LastAggregateDate", lambda data, product: data.kits_of[product][0]),
}


@pytest.mark.parametrize("switch", CLOCKS)
def test_what_moves_a_clock(switches: Any, data: Any, client: httpx.Client, switch: str) -> None:
    clock, shown = CLOCKS[switch]
    links = {"shadow_follows_clock": data.shadows_of, "kit_follows_clock": data.kits_of}
    known = links.get(switch, data.products)
    moved = next(
        one for one in known if known[one] and one in data.products and data.products[one].has_own_stock
    )
    product = shown(data, moved)
    before = row(client, product)
    data.move(moved, MAIN, physical=90_000)
    assert row(client, product)[clock] == before[clock]
    assert row(client, product)["InventoryAvailableQty"] > before["InventoryAvailableQty"]
    setattr(switches, switch, True)
    assert row(client, product)[clock] == "2026-01-05T03:00:00"


def test_an_empty_aggregation_may_move_a_clock(
    switches: Any, data: Any, client: httpx.Client, product: str
) -> None:
    before = row(client, product)
    data.aggregate([product])
    assert row(client, product) == before
    switches.empty_aggregation_moves_clock = True
    assert row(client, product) == {**before, "LastAggregateDate": "2026-01-05T03:00:00"}


def test_counters_age(sandbox: Sandbox, switches: Any) -> None:
    def told() -> list[dict[str, Any]]:
        return list(sandbox.truth("sellercloud", "inventory").values())

    before = told()
    sandbox.clock.advance(hours=20.9)
    switches.counters_age = True
    assert told() == before
    sandbox.clock.advance(hours=0.2)  # midnight in New York
    changed = {
        name for old, new in zip(before, told(), strict=True) for name in old if old[name] != new[name]
    }
    assert changed == {"QtySoldYTD", *(f"QtySold{days}" for days in (15, 30, 60, 90, 180, 365))}


def test_a_rebate_begins_and_ends_by_the_calendar(sandbox: Sandbox, data: Any, client: httpx.Client) -> None:
    product = next(one for one in data.products.values() if one.rebate is not None)
    assert row(client, product.id)["ActiveRebateID"] == product.rebate.number
    sandbox.clock.advance(days=4001)
    client.headers["Authorization"] = f"Bearer {login(sandbox)}"
    assert row(client, product.id)["ActiveRebateID"] == 0


def test_row_order(switches: Any, client: httpx.Client) -> None:
    everything = ids(products(client))
    assert everything == sorted(everything)
    switches.row_order = "modified"
    dates = [one["LastModifiedDate"] or "" for one in products(client)]
    assert dates == sorted(dates) and dates[0] == ""
    switches.row_order = "modified_desc"
    assert [one["LastModifiedDate"] or "" for one in products(client)] == dates[::-1]
    switches.row_order = "shuffled"
    assert ids(page(client)["Items"]) != ids(page(client)["Items"])


def test_the_end_of_the_pages(switches: Any, client: httpx.Client) -> None:
    total = page(client)["TotalResults"]
    last = -(-total // 50)
    for beyond, items in (("empty", []), ("null", None), ("repeat_last", page(client, last)["Items"])):
        switches.beyond_end = beyond
        assert page(client, last + 3) == {"Items": items, "TotalResults": total}
    switches.null_items_page = 2
    assert [bool(page(client, number)["Items"]) for number in (1, 2, 3)] == [True, False, True]
    switches.page_clamp = "honour"
    assert len(page(client, pageSize=100)["Items"]) == 100
    switches.total_skew = -2
    assert page(client)["TotalResults"] == total - 2
    switches.total_results = "null"
    assert page(client)["TotalResults"] is None
    switches.total_results = "absent"
    assert "TotalResults" not in page(client)


def test_after_page_can_hide_a_row(switches: Any, data: Any, client: httpx.Client) -> None:
    everything = ids(products(client))
    alone = next(one for one in everything if not data.shadows_of.get(one))
    switches.after_page = lambda number: number == 1 and data.delete(alone)
    found = ids(products(client))
    assert set(everything) - set(found) == {everything[50]}  # moved up to page 1 while page 2 was asked for


def test_a_row_of_a_warehouse_has_the_numbers_of_that_warehouse(data: Any, client: httpx.Client) -> None:
    spread = next(one for one in data.products.values() if one.has_own_stock and len(one.holders) > 1)
    whole = row(client, spread.id)
    parts = [products(client, inventoryID=spread.id, warehouse=place)[0] for place in spread.holders]
    for name in ("AggregateQty", "InventoryAvailableQty", "AggregateNonSellableQty"):
        assert sum(one[name] for one in parts) == whole[name]
    for place, part in zip(spread.holders, parts, strict=True):
        assert (part["WarehousePhysicalQty"], part["WarehouseName"]) == (
            spread.stock[place].physical,
            data.warehouses[place]["Name"],
        )
    assert products(client, inventoryID=spread.id, warehouse=[MAIN, MAIN, 999]) == parts[:1]
    assert products(client, warehouse=999) == []


def test_warehouses_shape(switches: Any, client: httpx.Client) -> None:
    told = client.get("/Warehouses").json()
    assert told["TotalResults"] == len(told["Items"])
    second = client.get("/Warehouses?pageSize=2&pageNumber=2").json()
    assert second == {"Items": told["Items"][2:4], "TotalResults": len(told["Items"])}
    switches.warehouses_shape = "array"
    assert client.get("/warehouses").json() == told["Items"]


def test_what_cannot_be_is_refused(data: Any) -> None:
    parent = next(one for one in data.shadows_of if data.shadows_of[one])
    for act, words in (
        (lambda: data.move(data.shadows_of[parent][0], MAIN, physical=1), "no stock of its own"),
        (lambda: data.move("KIT-TWICE", MAIN, physical=1), "no stock of its own"),
        (lambda: data.delete(parent), "has shadows"),
        (lambda: data.rename(parent, "c++ MUG"), "there is a product"),
    ):
        with pytest.raises(ValueError, match=words):
            act()

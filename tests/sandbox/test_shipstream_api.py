"""ShipStream's room: tokens, filters by time, cursors over product ids, clocks of levels."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from sandbox import Fault, Sandbox
from sandbox.kit import claims_of
from sandbox.shipstream.day import remove
from tests.sandbox.reading import LEVELS, TOTALS, connected, levels, shipstream_pages

PROVIDER = "shipstream"
STATUS, MERCHANTS = "/v1/system/status", "/v1/system/merchants"
VERSION = "X-ShipStream-API-Version"
BY_ID = {"sort": "product_id", "fields": "all"}
NEW = 'updated_at{gt:"2026-01-05T08:30:00Z"}'


def page(client: httpx.Client, path: str = TOTALS, **params: Any) -> dict[str, Any]:
    answer = client.get(path, params={**BY_ID, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(found: list[dict[str, Any]]) -> list[int]:
    return [row["product"]["id"] for row in found]


def refused(answer: httpx.Response) -> tuple[int, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["details"][0]["key"] if "details" in error else ""


def enabled(data: Any) -> list[int]:
    return sorted(one.id for one in data.products.values() if one.is_enabled)


def test_the_token_says_for_whom_and_how_long(sandbox: Sandbox) -> None:
    now = int(sandbox.clock.now().timestamp())
    claims = claims_of(sandbox.settings("shipstream")["access_token"])
    assert claims == {"aud": f"{sandbox.url}/shipstream", "iat": now, "exp": now + 365 * 86400}


@pytest.mark.parametrize("header", ["", "Bearer  {}", "bearer {}", "Bearer {}x", "Bearer a.b.c", "{}"])
def test_anything_but_the_token_after_one_space_is_refused(sandbox: Sandbox, header: str) -> None:
    headers = {"Authorization": header.format(sandbox.settings("shipstream")["access_token"])}
    assert httpx.get(f"{sandbox.base_url('shipstream')}{TOTALS}", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("switch", "value", "statuses"),
    [
        ("token_days", -1.0, [401, 401]),
        ("token_days", 0.5, [200, 401]),
        ("token_days", None, [200, 200]),
        ("token_audience", "https://other.shipstream.app", [401, 401]),
        ("token_state", "revoked", [401, 401]),
        ("token_requests", 1, [200, 401]),
    ],
)
def test_when_a_token_is_good(
    sandbox: Sandbox, switches: Any, switch: str, value: Any, statuses: list[int]
) -> None:
    setattr(switches, switch, value)
    with connected(sandbox, "shipstream") as client:
        met = [client.get(TOTALS).status_code]
        sandbox.clock.advance(days=1)
        assert [*met, client.get(TOTALS).status_code] == statuses
        told = client.get(STATUS).json()
        assert (told["authentication"] == "valid") == (statuses[1] == 200)


def test_status_tells_the_time_to_everybody(sandbox: Sandbox) -> None:
    sandbox.clock.advance(seconds=1.234)
    told = httpx.get(f"{sandbox.base_url('shipstream')}{STATUS}").json()
    assert (told["authentication"], told["timestamp"]) == ("missing", "2026-01-05T08:00:01.234Z")


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({"filter": "product_id:1"}, "filter"),
        ({"filter": 'updated_at{gteq:"2026-01-01T00:00:00Z"}'}, "filter"),
        ({"filter": 'updated_at{gt:"2026-01-01T00:00:00Z"'}, "filter"),
        ({"filter": 'updated_at{gt:"yesterday"}'}, "filter"),
        ({"filter": "is_enabled:yes"}, "filter"),
        ({"sort": "warehouse_id"}, "sort"),
        ({"limit": "many"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"cursor_start": "abc", "sort": "product_id"}, "cursor_start"),
        ({"cursor_start": "5"}, "cursor_start"),
        ({"filters": "x"}, "filters"),
    ],
    ids=str,
)
def test_a_bad_request_is_refused_with_its_key(client: httpx.Client, params: Any, key: str) -> None:
    assert refused(client.get(TOTALS, params=params)) == (400, key)


def test_what_is_not_there_is_404_and_what_is_not_get_405(client: httpx.Client) -> None:
    assert refused(client.get("/v1/inventory/nothing")) == (404, "")
    assert refused(client.post(TOTALS)) == (405, "")


def test_only_enabled_products_unless_others_are_asked_for(data: Any, client: httpx.Client) -> None:
    disabled = sorted(one.id for one in data.products.values() if not one.is_enabled)
    assert ids(page(client, limit=1000)["collection"]) == enabled(data)
    assert ids(page(client, limit=1000, filter="is_enabled:false")["collection"]) == disabled


def test_gt_and_lt_are_strict_to_the_second(client: httpx.Client) -> None:
    counted = [row for row in levels(client) if row["updated_at"] == "2026-01-01T05:00:00Z"]
    assert len(counted) > 5  # counted in one burst
    for literal in ("2026-01-01T05:00:00Z", "2026-01-01T06:00:00+01:00"):
        assert levels(client, filter=f'updated_at{{gt:"2026-01-01T04:59:59Z",lt:"{literal}"}}') == []
    around = 'updated_at{gt:"2026-01-01T04:59:59Z",lt:"2026-01-01T05:00:01Z"}'
    assert levels(client, filter=around) == counted


def test_naive_literal_hours_and_literal_zone_ignored(switches: Any, client: httpx.Client) -> None:
    def counted(zone: str, hour: int = 5) -> bool:
        around = f'updated_at{{gt:"2026-01-01T0{hour - 1}:59:59{zone}",lt:"2026-01-01T0{hour}:00:01{zone}"}}'
        return levels(client, filter=around) != []

    assert counted("") and counted("Z")
    switches.naive_literal_hours = -4.0
    assert not counted("") and counted("", 1) and counted("Z")
    switches.literal_zone_ignored = True
    assert not counted("Z") and counted("Z", 1)


def test_without_all_fields_a_level_is_short_and_without_asking_nothing_is_included(
    client: httpx.Client,
) -> None:
    short = page(client, fields="")
    assert list(short["collection"][0]) == ["type", "product", "updated_at"]
    assert "included" not in short


def test_pages_by_id_give_each_row_once_and_their_cursor_is_their_first_row(
    data: Any, client: httpx.Client
) -> None:
    found = list(shipstream_pages(client, TOTALS, limit=10, **BY_ID))
    wanted = enabled(data)
    assert [ids(one["collection"]) for one in found] == [
        wanted[n : n + 10] for n in range(0, len(wanted), 10)
    ]
    assert (found[0]["meta"]["cursor_start"], found[0]["meta"]["cursor_end"]) == (wanted[0], wanted[10])
    assert "count" not in found[0]["meta"]


@pytest.mark.parametrize(
    ("next_link", "begins"),
    [
        ("relative", "/shipstream/api/global/v1/inventory/levels/total?"),
        ("absolute", "http://127.0.0.1:"),
        ("query_only", "?"),
    ],
)
def test_next_link(switches: Any, client: httpx.Client, next_link: str, begins: str) -> None:
    switches.next_link = next_link
    assert page(client, limit=2)["next"].startswith(begins)


def test_next_at_end_and_what_next_carries(switches: Any, client: httpx.Client) -> None:
    for how, said in (("null", None), ("empty", ""), ("absent", "absent")):
        switches.next_at_end = how
        assert page(client, limit=1000).get("next", "absent") == said
    switches.next_at_end = "present"
    beyond = client.get(client.base_url.join(page(client, limit=1000)["next"])).json()
    assert (beyond["collection"], beyond["has_more"]) == ([], False)
    asked = {**BY_ID, "limit": "5", "filter": "is_enabled:true", "fields:product": "all"}
    carried = dict(parse_qsl(page(client, **asked)["next"].partition("?")[2]))
    assert {name: value for name, value in carried.items() if name != "cursor_start"} == asked
    switches.next_carries_all = False
    carried = dict(parse_qsl(page(client, **asked)["next"].partition("?")[2]))
    assert set(carried) == {"limit", "cursor_start"}


def test_cursor_by_product_id(switches: Any, data: Any, client: httpx.Client) -> None:
    def second() -> httpx.Response:
        return client.get(client.base_url.join(page(client, limit=10)["next"]))

    assert ids(second().json()["collection"]) == enabled(data)[10:20]
    switches.cursor_by_product_id = "repeat"
    assert ids(second().json()["collection"]) == enabled(data)[:10]
    switches.cursor_by_product_id = "400"
    assert refused(second()) == (400, "cursor_start")


def test_a_cursor_that_counts_products_repeats_rows_and_may_never_end(
    switches: Any, client: httpx.Client
) -> None:
    def keys(limit: int) -> list[tuple[int, int]]:
        found = levels(client, LEVELS, limit=limit)
        return [(row["product"]["id"], row["warehouse"]["id"]) for row in found]

    whole = keys(1000)
    assert keys(7) == whole
    switches.warehouse_level_cursor = "product"
    assert set(keys(7)) == set(whole) and len(keys(7)) > len(whole)
    pages = shipstream_pages(client, LEVELS, limit=1, **BY_ID)
    assert len({str(next(pages)["collection"]) for _ in range(50)}) < 10


def test_envelope_count_and_included(switches: Any, data: Any, client: httpx.Client) -> None:
    switches.envelope, switches.count_skew, switches.repeated_included = "hasMore", 1, True
    found = page(client, limit=50, count=1, cursor_start=enabled(data)[60], **{"fields:product": "all"})
    assert list(found) == ["collection", "included", "hasMore", "next", "previous", "meta"]
    assert found["meta"]["count"] == len(enabled(data)) + 1
    assert min(data.products) in {one["id"] for one in found["included"]["Product"]}


def test_after_page_is_called_with_each_pages_number(switches: Any, client: httpx.Client) -> None:
    numbers: list[int] = []
    switches.after_page = numbers.append
    list(shipstream_pages(client, TOTALS, limit=40, **BY_ID))
    page(client, MERCHANTS, sort="id")
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 2


def test_product_types_and_warehouse_ref(sandbox: Sandbox, switches: Any, client: httpx.Client) -> None:
    own = {"Product", "Packaging", "PackagingContainer", "PackagingSupply", "PackagingInfill"}
    assert {kind for kind, _ in sandbox.truth("shipstream", "products")} == own
    switches.product_types = "product"
    assert {row["product"]["type"] for row in levels(client)} == {"Product"}
    for ref, names in (("object", {"warehouse"}), ("id", {"warehouse_id"}), ("absent", set())):
        switches.warehouse_ref = ref
        assert {"warehouse", "warehouse_id"} & page(client, LEVELS)["collection"][0].keys() == names


def test_never_stocked(sandbox: Sandbox, switches: Any, data: Any, client: httpx.Client) -> None:
    never = {product for product in data.products if not data.was_stocked(product)}
    assert {row["product"]["id"] for row in levels(client) if row["updated_at"] is None} == never != set()
    switches.never_stocked = "clock"
    found = {row["product"]["id"]: row["updated_at"] for row in levels(client)}
    assert all(found[one] == f"{data.products[one].created_at:%Y-%m-%dT%H:%M:%SZ}" for one in never)
    switches.never_stocked = "no_row"
    assert never.isdisjoint(ids(levels(client)))
    assert len(sandbox.truth("shipstream", "products")) == len(data.products) - len(never)


@pytest.mark.parametrize("moves", [False, True])
def test_what_moves_a_level_s_clock(
    sandbox: Sandbox, switches: Any, data: Any, client: httpx.Client, moves: bool
) -> None:
    switches.edit_moves_level = switches.component_moves_kit = switches.backorder_moves_level = moves
    kit, component = next(
        (kit, part)
        for part, kits in data.kits_of.items()
        for kit in kits
        if data.advertised(kit) > data.total(kit)["available"]
    )
    others = [one for one in enabled(data) if data.was_stocked(one) and one not in (kit, component)]
    sandbox.clock.advance(hours=1)
    for warehouse, parts in data.parts[component].items():
        data.move(component, warehouse, available=-parts["available"])
    data.rename(others[0], "Renamed")
    data.backorder(others[1], 77)
    moved = ids(levels(client, filter=NEW))
    assert component in moved
    assert [one in moved for one in (kit, others[0], others[1])] == [moves] * 3
    assert ids(levels(client, filter=f"product_{NEW}")) == [others[0]]
    assert others[1] not in ids(levels(client, LEVELS, filter=NEW))


def test_a_component_is_not_deleted_and_a_deleted_kit_leaves_more_for_the_others(data: Any) -> None:
    with pytest.raises(ValueError, match="is a component"):
        data.delete_product(next(iter(data.kits_of)))
    shared = [kits for kits in data.kits_of.values() if len(kits) > 1]
    before = {one: data.advertised(one) for _, *others in shared for one in others}
    for kit in {kits[0] for kits in shared} - before.keys():
        data.delete_product(kit)
    after = {one: data.advertised(one) for one in before}
    assert all(after[one] >= before[one] for one in before) and after != before


def test_a_kit_that_comes_back_before_its_component_is_advertised_when_that_is_back(data: Any) -> None:
    def removed(product: int) -> Callable[[], None]:
        return remove(data, data.total_key(product))

    kit = next(one for one in data.products.values() if one.virtual != "none" and data.advertised(one.id) > 0)
    part = kit.components[0][0]
    was = data.advertised(kit.id)
    bring_back_kits = [removed(one) for one in list(data.kits_of[part])]
    bring_back_part = removed(part)
    for bring_back in bring_back_kits:
        bring_back()
    assert data.advertised(kit.id) < was
    data.journal.clear()
    bring_back_part()
    assert data.advertised(kit.id) == was and kit.id in data.journal


def test_failure_body(sandbox: Sandbox, switches: Any, client: httpx.Client) -> None:
    sandbox.faults["shipstream"].next(Fault("status", 503), 2)
    assert refused(client.get(TOTALS)) == (503, "")
    switches.failure_body = "empty"
    assert client.get(TOTALS).content == b""

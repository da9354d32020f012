"""What the account on Sellercloud holds: all that sellercloud.md §9 lists is in the smallest world, the
answers and the truth agree after whatever happens, and the same seed gives the same bytes."""

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from sandbox.clock import Clock
from sandbox.goods import Good
from sandbox.sellercloud import SellercloudData, Touched
from sandbox.sellercloud import day as sellercloud
from sandbox.sellercloud.products import AMAZON, DAMAGED, EMPTY, MAIN, Child, Rebate
from sandbox.world import World
from tests.sandbox.asking import Truth, differences

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = ("inventory", "warehouses", "warehouse_inventory")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(providers=("sellercloud",)) as running:
        yield running


@pytest.fixture
def store(sandbox: Sandbox) -> SellercloudData:
    return sandbox.world.data["sellercloud"]


@pytest.fixture(params=[7, 1, 42], scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(request.param, providers=("sellercloud",)) as running:
        yield running


def data_of(sandbox: Sandbox) -> SellercloudData:
    return sandbox.world.data["sellercloud"]


def truth_of(sandbox: Sandbox) -> Truth:
    return {resource: dict(sandbox.truth("sellercloud", resource)) for resource in RESOURCES}


def inventory(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.truth("sellercloud", "inventory").values())


def bodies(sandbox: Sandbox) -> Iterator[tuple[str, bytes]]:
    """Every page of everything, by the warehouse that was asked for."""
    settings = sandbox.settings("sellercloud")
    base = sandbox.base_url("sellercloud")
    asked = {"Username": settings["username"], "Password": settings["password"]}
    token = httpx.post(f"{base}/token", json=asked).json()["access_token"]
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}) as client:
        for place in ("", *map(str, data_of(sandbox).warehouses)):
            number, total = 1, 1
            while (number - 1) * 50 < total:
                query = {"model.pageSize": 50, "model.pageNumber": number, "model.warehouse": place}
                answer = client.get("/inventory", params=query)
                assert answer.status_code == 200, answer.text
                yield place, answer.content
                number, total = number + 1, answer.json()["TotalResults"]
        yield "warehouses", client.get("/Warehouses").content


def served(sandbox: Sandbox) -> Truth:
    """What paging everything gives, keyed as the truth is."""
    found: Truth = {resource: {} for resource in RESOURCES}
    for place, body in bodies(sandbox):
        for row in json.loads(body)["Items"]:
            key = (str(row["ID"]),)
            resource = place if place == "warehouses" else "inventory"
            if place.isdigit():
                resource, key = "warehouse_inventory", (place, *key)
            assert key not in found[resource]
            found[resource][key] = row
    return found


# What there is


def test_the_answers_are_the_truth(world: Sandbox) -> None:
    assert served(world) == truth_of(world)


@pytest.mark.parametrize(
    "shown",
    [
        {"timezone": "Asia/Kolkata", "precision": "minutes", "empty_text": "null"},
        {"warehouse_quantities": "total", "empty_dates": "absent", "masked_by_flags": True},
        {"default_company_only": True, "empty_dates": "year_one", "new_value": "value"},
        {"shadow_follows_clock": True, "kit_follows_clock": True, "quantity_moves_modified": True},
        {"empty_aggregation_moves_clock": True, "rebates_from_parent": True, "row_order": "modified"},
        {"aggregated_qty": "twin", "values": "quantities", "warehouse_count": "all"},
        {"order_reserve_total": "own", "extra_fields": {"New"}, "dropped_fields": {"BrandName"}},
        {"physical_qty": "sellable", "messy_quantities": True, "empty_numbers": "null"},
        {"row_order": "modified_desc", "sku_case": "exact"},
    ],
    ids=lambda shown: ", ".join(shown),
)
def test_the_truth_is_what_is_served_under_the_switches_of_the_moment(
    sandbox: Sandbox, shown: dict[str, Any]
) -> None:
    sandbox.simulate_day()
    for name, value in shown.items():
        setattr(sandbox.switches["sellercloud"], name, value)
    before = truth_of(sandbox)
    assert served(sandbox) == before
    touched = sandbox.simulate_day()["sellercloud"]
    assert served(sandbox) == truth_of(sandbox) != before
    changed = differences(before, truth_of(sandbox))
    if "default_company_only" in shown:  # the day touches other companies' rows too
        assert all(keys <= touched[resource] for resource, keys in changed.items())
    else:
        assert changed == touched


def test_every_row_has_every_field_of_the_published_example(
    world: Sandbox, published: Callable[[str], Any]
) -> None:
    (example,) = published("sellercloud_inventory.json")["Items"]
    rows = inventory(world)
    assert all(row.keys() == example.keys() for row in rows)
    (column,), (child,) = example["CustomColumns"], example["ChildProducts"]
    assert all(one.keys() == column.keys() for row in rows for one in row["CustomColumns"])
    assert all(one.keys() == child.keys() for row in rows for one in row["ChildProducts"])
    for name, value in example.items():
        kinds = {type(row[name]) for row in rows} - {type(None)}
        assert kinds <= ({int, float} if type(value) in (int, float) else {type(value)}), name


def test_the_goods_are_those_of_the_other_systems(world: Sandbox) -> None:
    products = data_of(world).products
    goods = {good.sku: good for good in world.world.goods}
    ours = [one for one in products.values() if one.id in goods and one.id != "SKU-TWICE"]
    assert len(goods) // 2 < len(ours) < len(goods)
    for product in ours:
        good = goods[product.id]
        assert product.name == f"{good.item_name} {good.variant}"
        assert good.gtin in (product.fields["UPC"], product.fields["EAN"])


def test_ids_hold_all_that_is_hard_to_ask_for_and_differ_by_more_than_case(world: Sandbox) -> None:
    ids = list(data_of(world).products)
    for hazard in "/&+%# ,=?'":
        assert any(hazard in one for one in ids), hazard
        assert (
            hazard == "'" or any(hazard in one for one in ids if one.endswith("-FBA")) or hazard in "=?,# '"
        )
    assert any(not one.isascii() for one in ids)
    assert any(one.startswith("000") for one in ids)
    assert len({one.casefold() for one in ids}) == len(ids)


def test_shadows_repeat_their_parents_stock(world: Sandbox) -> None:
    rows = {row["ID"]: row for row in inventory(world)}
    shadows = [row for row in rows.values() if row["ShadowOf"]]
    assert len(shadows) > 25
    names = ("InventoryAvailableQty", "AggregateQty", "WarehousePhysicalQty", "Status", "ActiveStatus")
    for row in shadows:
        parent = rows[row["ShadowOf"]]
        assert [row[name] for name in names] == [parent[name] for name in names]
        assert not parent["ShadowOf"] and row["CompanyID"] == parent["CompanyID"]
    suffixes = Counter(row["ID"].rpartition("-")[2] for row in shadows)
    assert {"FBA", "FBM", "FBA2"} <= suffixes.keys()
    assert any(rows[row["ShadowOf"]]["IsKit"] for row in shadows)
    assert any(row["LastAggregateDate"] != rows[row["ShadowOf"]]["LastAggregateDate"] for row in shadows)


def test_kits_have_what_their_parts_suffice_for(world: Sandbox) -> None:
    rows = {row["ID"]: row for row in inventory(world)}
    kits = [row for row in rows.values() if row["IsKit"] and not row["ShadowOf"]]
    assert {row["InventoryDependantOption"] for row in kits} == {0, 1, 2}
    for row in kits:
        parts = row["ChildProducts"]
        assert parts and row["FirstKitChild"] == parts[0]["ChildProductId"]
        assert {part["ProductId"] for part in parts} == {row["ID"]}
        if row["InventoryDependantOption"] == 2:
            numbers = [
                max(0, rows.get(part["ChildProductId"], {}).get("InventoryAvailableQty", 0))
                // part["PerKitQty"]
                for part in parts
            ]
            assert row["InventoryAvailableQty"] == min(numbers)
            assert row["PhysicalQty"] == 0
    assert rows["KIT-MISSING"]["ChildProducts"][1]["ProductName"] == "Gone thing"
    assert "GONE-001" not in rows and rows["KIT-MISSING"]["InventoryAvailableQty"] == 0
    first, second = rows["KIT-TWICE"]["ChildProducts"]
    assert first["ChildProductId"] == second["ChildProductId"]
    assert rows[rows["KIT-OF-SHADOW"]["FirstKitChild"]]["ShadowOf"]
    assert any(row["InventoryAvailableQty"] for row in kits if row["InventoryDependantOption"] == 2)


def test_quantities_add_up(world: Sandbox) -> None:
    data = data_of(world)
    rows = [row for row in inventory(world) if not row["WarehouseBasedPhysicalAndReservedQty"]]
    for row in rows:
        if data.holder(data.products[row["ID"]]).has_own_stock:
            sellable = row["PhysicalQty"] - row["AggregateNonSellableQty"]
            assert row["AggregateQty"] == row["InventoryAvailableQty"] == sellable - row["ReservedQty"]
    available = [row["InventoryAvailableQty"] for row in inventory(world)]
    assert 0.3 < sum(one == 0 for one in available) / len(available) < 0.75
    assert min(available) < 0 < 50 < max(available)
    assert any(row["AggregateNonSellableQty"] for row in rows)
    assert any(row["AggregatePhysicalQtyFBA"] for row in rows)


def test_warehouses_are_of_several_kinds(world: Sandbox) -> None:
    rows = {row["ID"]: row for row in world.truth("sellercloud", "warehouses").values()}
    assert [row["ID"] for row in rows.values() if row["IsDefault"]] == [MAIN]
    assert (rows[AMAZON]["WarehouseType"], rows[DAMAGED]["IsSellAble"]) == (1, False)
    places = Counter(place for place, _ in world.truth("sellercloud", "warehouse_inventory"))
    assert set(map(str, rows)) - places.keys() == {str(EMPTY)}
    assert min(places.values()) >= 1


def test_custom_columns_are_of_every_type(world: Sandbox) -> None:
    columns = [column for row in inventory(world) for column in row["CustomColumns"]]
    by_name: dict[str, list[Any]] = {}
    for column in columns:
        by_name.setdefault(column["ColumnName"], []).append(column["Value"])
    assert {column["DataType"] for column in columns} == set(range(7))
    assert any(column["IsDropDownAllowMultipleSelection"] for column in columns)
    assert any(column["IsDropDownColumn"] and column["DataSourceContainer"] for column in columns)
    assert {type(value) for value in by_name["LEGACY_CODE"]} >= {int, str, float, bool, list}
    values = [value for found in by_name.values() for value in found]
    assert 0.6 < sum(value is None for value in values) / len(values) < 0.8
    assert all(any(value is not None for value in found) for found in by_name.values())


def test_numbers_are_exact_in_the_text(world: Sandbox) -> None:
    text = b"".join(body for _, body in bodies(world)).decode()
    assert "1234567890123.123456" in text
    assert '"Value":12.000001' in text or '"Value":4.50' in text
    items = [row for _, body in bodies(world) for row in json.loads(body, parse_float=Decimal)["Items"]]
    costs = {row["ID"]: row["AverageCost"] for row in items if "AverageCost" in row}
    assert all(costs[one.id] == one.fields["AverageCost"] for one in data_of(world).products.values())


def test_texts_and_clocks_hold_what_is_hard(world: Sandbox) -> None:
    rows = inventory(world)
    assert any(row["UPC"].startswith("0") for row in rows)
    assert any(row["BrandName"].startswith(" ") for row in rows)
    assert any('"' in row["ProductName"] and "<b>" in row["ProductName"] for row in rows)
    for name in ("LastModifiedDate", "LastAggregateDate"):
        told = [row[name] for row in rows]
        dates = Counter(one for one in told if one)
        assert told.count(None) > 3
        assert dates.most_common(1)[0][1] > 10
        assert any("." in one for one in dates) and any("." not in one for one in dates)
        assert max(dates) <= "2026-01-05T03:00:00"
    assert {row["CompanyID"] for row in rows} == {163, 164, 170}
    assert any(row["ActiveRebateID"] for row in rows)
    assert {row["Status"] for row in rows} == {0, 1}
    assert any(row["VendorID"] == 0 for row in rows)
    for flag in (
        "SiteCostVisible",
        "VendorVisible",
        "BackOrderVisible",
        "WarehouseBasedPhysicalAndReservedQty",
    ):
        assert {row[flag] for row in rows} == {True, False}


# What happens


def test_one_change_moves_one_row_and_its_warehouse(sandbox: Sandbox, store: SellercloudData) -> None:
    keys = sellercloud.stock(store)
    assert len(keys) > 25
    for turn in range(len(keys)):
        sandbox.clock.advance(seconds=1)
        before = truth_of(sandbox)
        (key,) = sandbox.world.change(1)["sellercloud"]
        assert key == keys[turn]
        after = truth_of(sandbox)
        listed = (str(MAIN), key[0])
        assert differences(before, after) == {"inventory": {key}, "warehouse_inventory": {listed}}
        old, new = before["inventory"][key], after["inventory"][key]
        changed = {name for name in old if old[name] != new[name]}
        assert {"PhysicalQty", "AggregateQty", "InventoryAvailableQty", "LastAggregateDate"} <= changed
        assert all(new[name] == old[name] + 1000 for name in ("PhysicalQty", "AggregateQty"))
        assert "LastModifiedDate" not in changed


@pytest.mark.parametrize("seed", [7, 1, 42, 1234])
def test_a_day_touches_the_keys_it_says(seed: int) -> None:
    with Sandbox(seed, providers=("sellercloud",)) as sandbox:
        for _ in range(4):
            before = truth_of(sandbox)
            begun = sandbox.clock.now()
            touched = sandbox.simulate_day()["sellercloud"]
            assert differences(before, truth_of(sandbox)) == touched
            assert sandbox.clock.now() - begun == timedelta(days=1)
        assert served(sandbox) == truth_of(sandbox)


def test_a_day_holds_all_that_the_clocks_do_not_show(sandbox: Sandbox, store: SellercloudData) -> None:
    before = truth_of(sandbox)["inventory"]
    ids = set(store.products)
    touched = sandbox.simulate_day()["sellercloud"]["inventory"]
    after = truth_of(sandbox)["inventory"]
    blind = [
        after[key]
        for key in touched & before.keys() & after.keys()
        if before[key]["LastModifiedDate"] == after[key]["LastModifiedDate"]
        and before[key]["LastAggregateDate"] == after[key]["LastAggregateDate"]
    ]
    assert any(row["ShadowOf"] for row in blind) and any(row["IsKit"] for row in blind)
    assert len(ids - set(store.products)) == 2  # one is deleted, one has another ID
    (renamed,) = [one for one in set(store.products) - ids if one.endswith("-R")]
    assert renamed.removesuffix("-R") in ids
    (new,) = [after[key] for key in after.keys() - before.keys() if key != (renamed,)]
    assert new["LastModifiedDate"] is None and new["LastAggregateDate"]
    stamps = Counter(after[key]["LastAggregateDate"] for key in touched & after.keys())
    assert stamps.most_common(1)[0][1] >= 6


def everything_that_can_happen(data: SellercloudData) -> list[Callable[[], Touched]]:
    rng = random.Random(3)  # noqa: S311  chance that can be repeated, nothing secret
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def own() -> str:
        return rng.choice([one for one in sorted(data.products) if data.products[one].has_own_stock])

    def base() -> str:
        return rng.choice([one for one in sorted(data.shadows_of) if one in data.products])

    def part() -> str:
        found = [one for one in sorted(data.kits_of) if one in data.products]
        return rng.choice([one for one in found if data.products[one].has_own_stock])

    def kit() -> str:
        return rng.choice([one for one in sorted(data.products) if data.products[one].kit_type in (1, 2)])

    def lonely() -> str:
        return rng.choice([one for one in sorted(data.products) if not data.shadows_of.get(one)])

    def fresh() -> Good:
        number = 500_000 + data.version
        return Good(number, number, "Thing", "Regular", f"FRESH {number}", "")

    rebate = Rebate(1, Decimal("1.10"), Decimal("0.55"), now, now + timedelta(days=900), now)
    return [
        lambda: data.move(own(), MAIN, physical=rng.randint(1, 40)),
        lambda: data.move(part(), 11, physical=rng.randint(1, 900)),
        lambda: data.sell(part(), MAIN, 7),
        lambda: data.ship(own(), AMAZON, 1),
        lambda: data.import_stock(sorted({own() for _ in range(5)}), DAMAGED, 12),
        lambda: data.aggregate(sorted({own() for _ in range(5)})),
        lambda: data.edit(part(), ProductName=f"Renamed {rng.random()}"),
        lambda: data.edit(own(), SitePrice=Decimal(rng.randint(1, 999)).scaleb(-2)),
        lambda: data.enable(base(), enabled=rng.random() < 0.5),
        lambda: data.rename(base(), f"OTHER/{rng.randint(0, 10**9)}"),
        lambda: data.rename(part(), f"other part {rng.randint(0, 10**9)}"),
        lambda: data.rename(kit(), f"KIT-{rng.randint(0, 10**9)}"),
        lambda: data.delete(lonely()),
        lambda: data.delete(next(one for one in (part() for _ in range(99)) if not data.shadows_of.get(one))),
        lambda: data.add_product(fresh(), MAIN, 3),
        lambda: data.add_product(fresh(), MAIN, 0),
        lambda: data.set_components(kit(), [Child(part(), 2, "?"), Child("NOWHERE", 1, "nothing")]),
        lambda: data.set_components(kit(), [Child(part(), 1, "?")]),
        lambda: data.set_rebate(base(), rebate if rng.random() < 0.5 else None),
        lambda: data.set_column(own(), 20, rng.choice((1, "1", Decimal("1.0"), False, ["1"], None))),
        lambda: data.rename_column(12, f"Season {rng.random()}"),
        lambda: data.add_option(13, f"X{rng.random()}", "Anywhere"),
    ]


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"shadow_follows_clock": True, "kit_follows_clock": True, "quantity_moves_modified": True},
        {"warehouse_quantities": "total", "empty_aggregation_moves_clock": True, "rebates_from_parent": True},
    ],
    ids=lambda shown: ", ".join(shown) or "defaults",
)
def test_whatever_happens_touches_no_more_and_no_less_than_it_says(
    sandbox: Sandbox, store: SellercloudData, shown: dict[str, Any]
) -> None:
    for name, value in shown.items():
        setattr(sandbox.switches["sellercloud"], name, value)
    before = truth_of(sandbox)
    events = everything_that_can_happen(store)
    free = [events[18]]
    for _ in range(2):
        for event in events:
            sandbox.clock.advance(seconds=1.5)
            touched = event()
            after = truth_of(sandbox)
            changed = differences(before, after)
            for resource in RESOURCES:
                assert changed.get(resource, set()) <= touched.get(resource, set())
            # A rebate has no clock: one that is given or taken again touches its product and changes nothing.
            assert changed == touched or event in free
            before = after
    assert served(sandbox) == before


def test_what_cannot_be_is_refused(store: SellercloudData) -> None:
    parent = next(one for one in store.shadows_of if store.shadows_of[one])
    shadow = store.shadows_of[parent][0]
    kit = "KIT-TWICE"
    version = store.version
    refusals: list[tuple[Callable[[], Touched], str]] = [
        (lambda: store.move(shadow, MAIN, physical=1), "no stock of its own"),
        (lambda: store.move(kit, MAIN, physical=1), "no stock of its own"),
        (lambda: store.delete(parent), "has shadows"),
        (lambda: store.rename(parent, "c++ MUG"), "there is a product"),
        (lambda: store.set_components(kit, [Child("KIT-MISSING", 1, "")]), "is a kit"),
        (lambda: store.add_product(Good(1, 1, "", "", "ac/dc-100", ""), MAIN, 1), "there is a product"),
    ]
    for act, words in refusals:
        with pytest.raises(ValueError, match=words):
            act()
    assert store.version == version


def test_a_renamed_column_is_told_by_every_row(sandbox: Sandbox, store: SellercloudData) -> None:
    touched = store.rename_column(13, "Marchés")
    assert touched["inventory"] == set(sandbox.truth("sellercloud", "inventory"))
    labels = {
        column["DisplayName"]
        for row in inventory(sandbox)
        for column in row["CustomColumns"]
        if column["ID"] == 13
    }
    assert labels == {"Marchés"}


# The same again


def digest(seed: int) -> str:
    with Sandbox(seed, providers=("sellercloud",)) as sandbox:
        sandbox.change(5)
        sandbox.simulate_day()
        return hashlib.sha256(b"".join(body for _, body in bodies(sandbox))).hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    script = (
        "import sys; sys.path[:0] = ['.', 'tests/sandbox'];"
        "from test_sellercloud_world import digest; print(digest(7))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert told == {digest(7)}
    assert digest(8) not in told


def test_the_smallest_world_is_made_in_no_time() -> None:
    begun = time.perf_counter()
    World(7, "S", Clock(datetime(2026, 1, 5, 8, tzinfo=UTC)), ["sellercloud"])
    assert time.perf_counter() - begun < 0.3

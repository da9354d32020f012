"""What the 3PL on ShipStream holds: all that shipstream.md §9 lists is in the smallest world, the answers and
the truth agree after whatever happens, and the same seed gives the same bytes."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from sandbox.clock import Clock
from sandbox.goods import Good
from sandbox.shipstream import ShipStreamData, Touched
from sandbox.shipstream.beginning import Beginning
from sandbox.shipstream.data import merge
from sandbox.shipstream.json5 import parse
from sandbox.shipstream.products import CustomField
from sandbox.world import World
from tests.sandbox.asking import Truth, differences

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = ("total_levels", "warehouse_levels", "products", "warehouses", "merchants")
PATHS = {
    "total_levels": "/v1/inventory/levels/total",
    "warehouse_levels": "/v1/inventory/levels/warehouse",
    "warehouses": "/v1/inventory/warehouses",
    "merchants": "/v1/system/merchants",
}
SORTS = {"total_levels": "product_id", "warehouse_levels": "product_id"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(providers=("shipstream",)) as running:
        yield running


@pytest.fixture
def store(sandbox: Sandbox) -> ShipStreamData:
    return sandbox.world.data["shipstream"]


@pytest.fixture(params=[7, 1, 42], scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(request.param, providers=("shipstream",)) as running:
        yield running


def truth_of(sandbox: Sandbox) -> Truth:
    return {resource: dict(sandbox.truth("shipstream", resource)) for resource in RESOURCES}


def bodies(sandbox: Sandbox, limit: int = 50) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Every page of every list, by resource."""
    token = sandbox.settings("shipstream")["access_token"]
    base = sandbox.base_url("shipstream")
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client:
        for resource, path in PATHS.items():
            for enabled in ("true", "false"):
                params = {"sort": SORTS.get(resource, "id"), "limit": str(limit), "fields": "all"}
                if resource in SORTS:
                    params |= {"filter": f"is_enabled:{enabled}", "fields:product": "all"}
                elif enabled == "false":
                    continue
                answer = client.get(base + path, params=params)
                while True:
                    assert answer.status_code == 200, answer.text
                    yield resource, answer.content, answer.json()
                    if not answer.json()["has_more"]:
                        break
                    answer = client.get(answer.url.join(answer.json()["next"]))


def served(sandbox: Sandbox) -> Truth:
    """What paging every list gives, keyed as the truth is."""
    found: Truth = {resource: {} for resource in RESOURCES}
    for resource, _, body in bodies(sandbox):
        for row in body["collection"]:
            if resource in SORTS:
                key = (row["product"]["type"], str(row["product"]["id"]))
                if resource == "warehouse_levels":
                    key = (*key, str(row["warehouse"]["id"]))
            else:
                key = (str(row["id"]),)
            assert key not in found[resource]
            found[resource][key] = row
        for kind, products in body.get("included", {}).items():
            for product in products:
                found["products"][kind, str(product["id"])] = product
    return found


# What there is


def test_the_answers_are_the_truth(world: Sandbox) -> None:
    assert served(world) == truth_of(world)


@pytest.mark.parametrize(
    "shown",
    [
        {"product_types": "product", "quantities": "decimals", "next_link": "absolute"},
        {"never_stocked": "no_row", "quantities": "text", "next_link": "query_only"},
        {"never_stocked": "clock", "custom_fields": "object", "next_at_end": "present"},
        {"custom_fields": "by_version", "merchant_shape": "by_version", "messy_on_hand": True},
        {"edit_moves_level": True, "component_moves_kit": True, "backorder_moves_level": False},
    ],
    ids=lambda shown: ", ".join(shown),
)
def test_the_truth_is_what_is_served_under_the_switches_of_the_moment(
    sandbox: Sandbox, shown: dict[str, Any]
) -> None:
    before = truth_of(sandbox)
    for name, value in shown.items():
        setattr(sandbox.switches["shipstream"], name, value)
    assert served(sandbox) == truth_of(sandbox) != before
    touched = sandbox.simulate_day()["shipstream"]
    assert served(sandbox) == truth_of(sandbox)
    for key in touched["products"]:
        assert key in sandbox.truth("shipstream", "products")


def test_warehouses_and_merchants_are_filtered_and_sorted(sandbox: Sandbox) -> None:
    token = sandbox.settings("shipstream")["access_token"]

    def numbers(resource: str, **params: str) -> list[int]:
        url = sandbox.base_url("shipstream") + PATHS[resource]
        answer = httpx.get(url, params=params, headers={"Authorization": f"Bearer {token}"})
        return [row["id"] for row in answer.json()["collection"]]

    assert numbers("warehouses") == [7, 5, 2, 1]  # descending unless told otherwise
    assert numbers("warehouses", sort="name") == [1, 5, 7, 2]
    assert numbers("warehouses", filter="is_active:false") == [7]
    assert numbers("merchants") == [1, 2, 3, 4, 5, 6]  # ascending
    assert numbers("merchants", filter="is_deleted:true") == [5]
    assert numbers("merchants", filter="is_default:true") == [1]
    assert numbers("merchants", sort="-code", limit="2") == [6, 5]


def test_brands_are_included_when_asked_for(sandbox: Sandbox) -> None:
    token = sandbox.settings("shipstream")["access_token"]
    url = f"{sandbox.base_url('shipstream')}{PATHS['merchants']}?fields%3Abrands=all"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}).json()
    brands = {brand["id"] for brand in answer["included"]["Brand"]}
    assert brands == {ref["id"] for merchant in answer["collection"] for ref in merchant["brands"]}


def test_products_are_of_all_kinds_and_mostly_merchandise(world: Sandbox) -> None:
    store = world.world.data["shipstream"]
    kinds = Counter(product.kind for product in store.products.values())
    assert set(kinds) == {"normal", "packaging", "containers", "supplies", "infill"}
    assert 0.8 < kinds["normal"] / kinds.total() < 0.92
    assert len(store.products) > 100
    numbers = list(store.products)
    assert numbers == sorted(numbers)
    assert numbers[-1] - numbers[0] > len(numbers)  # ids have gaps
    made = [product.created_at for product in store.products.values()]
    assert made == sorted(made)


def test_a_sku_is_unique_in_its_merchant_only(world: Sandbox) -> None:
    products = world.truth("shipstream", "products").values()
    owned = [(product["merchant"]["id"], product["sku"]) for product in products]
    assert len(owned) == len(set(owned))
    repeated = [sku for sku, count in Counter(sku for _, sku in owned).items() if count > 1]
    assert "SKU-TWICE" in repeated
    assert len(repeated) > 3
    assert "" not in repeated


def test_goods_are_the_ones_that_other_systems_hold(world: Sandbox) -> None:
    goods = {good.sku: good for good in world.world.goods}
    products = [one for one in world.truth("shipstream", "products").values() if one["sku"] in goods]
    assert len(products) > 60
    shared = [one for one in products if goods[one["sku"]].gtin and goods[one["sku"]].gtin in one["barcodes"]]
    assert len(shared) > 30


def test_some_products_are_disabled_some_not_visible(world: Sandbox) -> None:
    products = world.truth("shipstream", "products").values()
    for member, least, most in (("is_enabled", 0.04, 0.2), ("is_visible", 0.01, 0.06)):
        share = sum(not product[member] for product in products) / len(products)
        assert least < share < most


def test_one_warehouse_is_closed_one_merchant_left_one_has_no_stock(world: Sandbox) -> None:
    store = world.world.data["shipstream"]
    assert [one["is_active"] for one in world.truth("shipstream", "warehouses").values()].count(False) == 1
    assert [one["is_deleted"] for one in world.truth("shipstream", "merchants").values()].count(True) == 1
    assert 5 <= len(store.merchants) <= 60
    sizes = Counter(product.merchant for product in store.products.values())
    assert max(sizes.values()) > 3 * min(sizes.values())
    levels = world.truth("shipstream", "total_levels")
    mine = [levels[store.total_key(one.id)] for one in store.products.values() if one.merchant == 6]
    assert mine
    assert all(level["qty_on_hand"] == 0 and level["updated_at"] is None for level in mine)


def test_totals_are_sums_of_the_warehouses_but_for_two_quantities(world: Sandbox) -> None:
    sums: dict[tuple[str, ...], Counter[str]] = {}
    for key, level in world.truth("shipstream", "warehouse_levels").items():
        mine = sums.setdefault(key[:2], Counter())
        mine.update({name: level[name] for name in level if name.startswith("qty_")})
    levels = world.truth("shipstream", "total_levels")
    assert set(sums) == set(levels)
    names = ("allocated", "reserved", "picked", "expected", "processed", "putaway", "available", "on_hand")
    for key, level in levels.items():
        assert [level[f"qty_{name}"] for name in names] == [sums[key][f"qty_{name}"] for name in names]
    assert any(level["qty_advertised"] != sums[key]["qty_advertised"] for key, level in levels.items())


def test_quantities_are_as_the_provider_says(world: Sandbox) -> None:
    levels = list(world.truth("shipstream", "total_levels").values())
    parts = ("processed", "putaway", "available", "allocated", "reserved", "picked")
    for level in levels:
        assert level["qty_on_hand"] == sum(level[f"qty_{part}"] for part in parts)
        assert min(value for name, value in level.items() if name.startswith("qty_")) >= 0
        assert level["qty_backordered"] == 0 or level["qty_available"] == 0
        assert level["qty_advertised"] >= level["qty_available"]
    assert any(level["qty_backordered"] for level in levels)
    assert any(level["qty_available"] > 1_000_000 for level in levels)
    assert 0.25 < sum(level["qty_on_hand"] == 0 for level in levels) / len(levels) < 0.5
    assert 0.5 < sum(level["qty_expected"] == 0 for level in levels) / len(levels) < 0.95


def test_kits_are_advertised_by_what_their_components_allow(world: Sandbox) -> None:
    store = world.world.data["shipstream"]
    kits = [product for product in store.products.values() if product.components]
    assert {kit.virtual for kit in kits} == {"none", "optimistic", "realistic", "pessimistic"}
    assert any(len(sharing) > 1 for sharing in store.kits_of.values())
    for kit in kits:
        own = store.total(kit.id)["available"]
        sets = min(store.total(part)["available"] // quantity for part, quantity in kit.components)
        if kit.virtual == "optimistic":
            assert store.advertised(kit.id) == own + sets * kit.yields
        else:
            assert store.advertised(kit.id) <= own + sets * kit.yields
        if kit.virtual == "none":
            assert store.advertised(kit.id) == own
    levels = world.truth("shipstream", "total_levels").values()
    assert any(level["qty_advertised"] > level["qty_on_hand"] for level in levels)


def test_clocks_are_whole_seconds_and_come_in_bursts(world: Sandbox) -> None:
    truth = truth_of(world)
    texts = re.findall(r'"[a-z]+_at": "([^"]*)"', json.dumps(list(truth["total_levels"].values())))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text) for text in texts)
    assert Counter(texts).most_common(2)[1][1] > 10
    edits = Counter(product["updated_at"] for product in truth["products"].values())
    assert edits.most_common(1)[0][1] > 20


def test_product_attributes_are_as_odd_as_the_notes_say(world: Sandbox) -> None:
    products = list(world.truth("shipstream", "products").values())
    weights = {product["weight"]["unit"] for product in products}
    assert weights == {"lb", "oz", "kg", "g"}
    assert {len(one["barcodes"]) for one in products if one["type"] == "Product"} == {0, 1, 2, 3, 4}
    assert any(len(set(product["barcodes"])) < len(product["barcodes"]) for product in products)
    assert all(re.fullmatch(r"\d{4}\.\d\d", product["export"]["hs_base_code"]) for product in products)
    extensions = {e["extension"] for one in products for e in one["export"]["hs_country_extension"]}
    assert {"002", "011"} <= extensions
    regulated = [product for product in products if product["regulated_goods"] is not None]
    assert 0 < len(regulated) < 5
    assert 0.1 < sum(one["lot_type"] is not None for one in products) / len(products) < 0.3
    assert {len(product["custom_fields"]) for product in products} == set(range(11))
    assert any(product["dimensions"] is None and "volume" not in product for product in products)
    assert any(product["external_id"].startswith("0") for product in products)
    assert len({product["goods_type"] for product in products}) > 1


def test_numbers_are_spelt_with_all_their_digits(sandbox: Sandbox) -> None:
    text = b"".join(body for _, body, _ in bodies(sandbox)).decode()
    for spelt in ('"value":0.250,', '"amount":12.50,', '"amount":99.90,', '"value":41.30}', '"height":4.50,'):
        assert spelt in text
    assert '"processing_time":0.1' in text


def test_the_published_examples_members_are_all_there(world: Sandbox) -> None:
    """By name: the example of shipstream.md §0.9 is not consistent in its numbers."""
    example = ROOT / "tests" / "data" / "shipstream_inventory_levels_total.json"
    document = json.loads(example.read_text(encoding="utf-8"))
    level = next(iter(world.truth("shipstream", "total_levels").values()))
    assert list(level) == list(document["collection"][0])
    products = list(world.truth("shipstream", "products").values())
    (published,) = document["included"]["Product"]
    whole = next(one for one in products if one["regulated_goods"] and "volume" in one)
    assert list(whole) == list(published)
    for member, value in published.items():
        if isinstance(value, dict):
            assert set(whole[member] or value) == set(value)


# What happens


@pytest.mark.parametrize("n", [1, 13])
def test_change_changes_exactly_so_many(sandbox: Sandbox, n: int) -> None:
    sandbox.clock.advance(hours=1)
    for _ in range(2):
        before = truth_of(sandbox)
        changed = sandbox.change(n)["shipstream"]
        found = differences(before, truth_of(sandbox))
        assert found.pop("total_levels") == set(changed)
        assert len(found.pop("warehouse_levels")) == len(changed) == n
        assert found == {}
        for key in changed:
            level, was = sandbox.truth("shipstream", "total_levels")[key], before["total_levels"][key]
            for name in ("qty_available", "qty_on_hand", "qty_advertised"):
                assert level[name] == was[name] + 1000
            assert level["updated_at"] == "2026-01-05T09:00:00Z"
    assert served(sandbox) == truth_of(sandbox)


def test_every_stock_record_can_be_changed_once_and_alone(sandbox: Sandbox) -> None:
    sandbox.clock.advance(hours=1)
    with pytest.raises(ValueError, match="there are only") as told:
        sandbox.change(10_000)
    most = int(re.findall(r"\d+", str(told.value))[0])
    assert most > 60
    before = truth_of(sandbox)
    changed = sandbox.change(most)["shipstream"]
    found = differences(before, truth_of(sandbox))
    assert found["total_levels"] == set(changed)
    assert len(found["warehouse_levels"]) == most


@pytest.mark.parametrize("component_moves_kit", [False, True])
@pytest.mark.parametrize("seed", [7, 1, 42])
def test_a_day_touches_what_it_says(seed: int, component_moves_kit: bool) -> None:
    with Sandbox(seed, providers=("shipstream",)) as sandbox:
        switches = sandbox.switches["shipstream"]
        switches.component_moves_kit, switches.edit_moves_level = component_moves_kit, component_moves_kit
        for _ in range(3):
            before, start = truth_of(sandbox), sandbox.clock.now()
            touched = sandbox.simulate_day()["shipstream"]
            assert (sandbox.clock.now() - start).total_seconds() == 24 * 3600
            assert differences(before, truth_of(sandbox)) == touched
            assert len(touched["total_levels"]) > 8
            assert len(touched["products"]) >= 3
            assert served(sandbox) == truth_of(sandbox)


@pytest.mark.parametrize("component_moves_kit", [False, True])
def test_two_clocks_tell_a_day_but_for_kits_that_followed(
    sandbox: Sandbox, component_moves_kit: bool
) -> None:
    """shipstream.md §4: what the watermark misses, and that nothing else is missed."""
    sandbox.switches["shipstream"].component_moves_kit = component_moves_kit
    store = sandbox.world.data["shipstream"]
    token = sandbox.settings("shipstream")["access_token"]
    url = sandbox.base_url("shipstream") + PATHS["total_levels"]

    def moved(clock: str) -> set[tuple[str, ...]]:
        params = {"sort": "product_id", "limit": "1000", "filter": f'{clock}{{gt:"2026-01-05T07:59:59Z"}}'}
        found = set()
        for enabled in ("true", "false"):
            asked = [*params.items(), ("filter", f"is_enabled:{enabled}")]
            answer = httpx.get(url, params=asked, headers={"Authorization": f"Bearer {token}"}).json()
            found |= {(row["product"]["type"], str(row["product"]["id"])) for row in answer["collection"]}
        return found

    touched = sandbox.simulate_day()["shipstream"]
    assert moved("product_updated_at") == touched["products"]
    found = moved("updated_at")
    assert found <= touched["total_levels"]
    missed = touched["total_levels"] - found
    assert all(store.products[int(number)].components for _, number in missed)
    assert bool(missed) is not component_moves_kit


def test_a_day_ends_before_the_clock_does(sandbox: Sandbox, store: ShipStreamData) -> None:
    start = sandbox.clock.now()
    sandbox.simulate_day()
    moved = [at for at in store.moved_at.values() if at >= start]
    assert len(set(moved)) > 3
    assert (sandbox.clock.now() - max(moved)).total_seconds() > 3 * 3600


Mutator = Callable[[ShipStreamData, int], Touched]
GOOD = Good(999_999, 999_999, "New", "Regular", "NEW-1", "")
MUTATORS: dict[str, Mutator] = {
    "move": lambda s, p: s.move(p, min(s.parts[p]), available=5, expected=-s.total(p)["expected"] or 3),
    "move to another warehouse": lambda s, p: s.move(p, ({1, 2, 5, 7} - set(s.parts[p])).pop(), putaway=4),
    "touch": lambda s, p: s.move(p, min(s.parts[p])),
    "sell": lambda s, p: s.sell(p, min(s.parts[p]), 1),
    "sell too many": lambda s, p: s.sell(p, min(s.parts[p]), 10**7),
    "backorder": lambda s, p: s.backorder(p, 99),
    "commit_delivery": lambda s, p: s.commit_delivery([p, *list(s.products)[:5]], 1, 24),
    "rename": lambda s, p: s.rename(p, "new"),
    "change_sku": lambda s, p: s.change_sku(p, "NEW-SKU"),
    "disable": lambda s, p: s.enable(p, enabled=False),
    "set_custom_fields": lambda s, p: s.set_custom_fields(p, [CustomField("new", 1)]),
    "change_kind": lambda s, p: s.change_kind(p, "supplies"),
    "delete_product": lambda s, p: s.delete_product(p),
    "add_product": lambda s, p: s.add_product(GOOD, 2, 5, 7),
    "delete_merchant": lambda s, p: s.delete_merchant(s.products[p].merchant),
    "close_warehouse": lambda s, p: s.close_warehouse(1),
}


@pytest.mark.parametrize("name", MUTATORS)
def test_mutators_show_at_once_and_say_what_they_touched(
    sandbox: Sandbox, store: ShipStreamData, name: str
) -> None:
    product = next(
        one
        for one in store.products
        if store.total(one)["available"] > 20 and one not in store.kits_of and store.products[one].is_enabled
    )
    sandbox.clock.advance(hours=1)
    before = truth_of(sandbox)
    touched = MUTATORS[name](store, product)
    assert touched
    assert differences(before, truth_of(sandbox)) == touched
    assert served(sandbox) == truth_of(sandbox)


def test_a_kit_follows_its_components_without_a_clock(sandbox: Sandbox, store: ShipStreamData) -> None:
    kit = next(one for one in store.products.values() if one.virtual == "optimistic" and one.is_enabled)
    before = truth_of(sandbox)
    sandbox.clock.advance(hours=1)
    touched: Touched = {}
    for component, quantity in kit.components:
        warehouse = min(store.parts[component])
        merge(touched, store.move(component, warehouse, available=50 * quantity))
    after = truth_of(sandbox)
    assert differences(before, after) == touched
    key = store.total_key(kit.id)
    was, now = before["total_levels"][key], after["total_levels"][key]
    assert now["qty_advertised"] >= was["qty_advertised"] + 50 * kit.yields
    assert now["updated_at"] == was["updated_at"]
    assert kit.id not in {int(key[1]) for key in touched.get("products", ())}


def test_an_edited_bill_of_materials_moves_no_clock(sandbox: Sandbox, store: ShipStreamData) -> None:
    kit = next(one for one in store.products.values() if one.virtual == "optimistic")
    plenty = max(store.products, key=lambda one: store.total(one)["available"])
    before = truth_of(sandbox)
    touched = store.set_components(kit.id, [(plenty, 1)])
    after = truth_of(sandbox)
    assert differences(before, after) == touched
    assert store.total_key(kit.id) in touched["total_levels"]
    for key in touched["total_levels"]:
        assert after["total_levels"][key]["updated_at"] == before["total_levels"][key]["updated_at"]
    assert (
        store.advertised(kit.id)
        == store.total(kit.id)["available"] + kit.yields * (store.total(plenty)["available"])
    )


def test_a_deleted_kit_leaves_more_for_the_others(sandbox: Sandbox, store: ShipStreamData) -> None:
    before = truth_of(sandbox)
    kit = next(kits[0] for kits in store.kits_of.values() if len(kits) > 1)
    touched = store.delete_product(kit)
    assert differences(before, truth_of(sandbox)) == touched


def test_a_component_is_not_deleted(store: ShipStreamData) -> None:
    with pytest.raises(ValueError, match="is a component"):
        store.delete_product(next(iter(store.kits_of)))


def test_a_product_made_packaging_has_another_key(sandbox: Sandbox, store: ShipStreamData) -> None:
    product = next(one for one in store.products.values() if one.kind == "normal" and one.is_enabled)
    touched = store.change_kind(product.id, "packaging")
    number = str(product.id)
    assert touched["products"] == touched["total_levels"] == {("Product", number), ("Packaging", number)}
    truth = sandbox.truth("shipstream", "total_levels")
    assert ("Packaging", number) in truth
    assert ("Product", number) not in truth


# Determinism and speed


def fingerprint(seed: int) -> str:
    """A hash over every list's answers, before and after a day; and what the day touched."""
    digest = hashlib.sha256()
    with Sandbox(seed, providers=("shipstream",)) as sandbox:
        for _ in range(2):
            for _, content, _ in bodies(sandbox):
                digest.update(content)
            touched = sandbox.simulate_day()["shipstream"]
            digest.update(repr([(name, sorted(keys)) for name, keys in touched.items()]).encode())
            digest.update(repr(sandbox.change(4)).encode())
    return digest.hexdigest()


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_seed_gives_the_same_bytes_whatever_pythons_own_chance_says(hash_seed: str) -> None:
    code = "from tests.sandbox.test_shipstream_world import fingerprint; print(fingerprint(7))"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == fingerprint(7) != fingerprint(8)


def test_the_largest_world_is_served_in_milliseconds(sandbox: Sandbox) -> None:
    large = World(7, "L", Clock(sandbox.clock.now()), ("shipstream",)).data["shipstream"]
    assert len(large.products) > 15_000
    with Sandbox(7, "L", providers=("shipstream",)) as served_large:
        times = []
        token = served_large.settings("shipstream")["access_token"]
        base = served_large.base_url("shipstream")
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client:
            params = {"sort": "product_id", "limit": "500", "fields": "all"}
            answer = client.get(base + PATHS["total_levels"], params=params)
            for _ in range(10):
                start = time.monotonic()
                answer = client.get(answer.url.join(answer.json()["next"]))
                times.append(time.monotonic() - start)
    assert sorted(times)[5] < 0.1


def test_a_good_becomes_the_same_product_whoever_asks(sandbox: Sandbox) -> None:
    now = sandbox.clock.now()
    random.seed(1)
    first = Beginning.product_of(GOOD, 5, 1, now)
    random.seed(2)
    assert Beginning.product_of(GOOD, 5, 1, now) == first


# The language of filters


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{gt:1,lt:50}", {"gt": 1, "lt": 50}),
        ("[{lt:15},{gt:50},]", [{"lt": 15}, {"gt": 50}]),
        ("{ 'eq' : \"it's\" , }", {"eq": "it's"}),
        ("{eq:'it\\'s \\u542c\\n'}", {"eq": "it's 听\n"}),
        ("{null:true,eq:false}", {"null": True, "eq": False}),
        ("[null,-1,+2,.5]", [None, -1, 2, 0.5]),
        ("[]", []),
    ],
)
def test_json5_is_read(text: str, value: Any) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "{", "{gt}", "{gt:}", "{gt:1", "{gt:1}x", "{gt:abc}", "{1:2}", "['a]", "[1 2]", "{,}", "'\\u12'"],
)
def test_what_is_no_json5_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)

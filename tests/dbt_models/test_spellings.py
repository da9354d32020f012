"""Texts that are compared are compared without what nobody sees; what people see stays as it was written."""

import json
from typing import Any

import pytest
from records import listed
from working_database import WorkingDatabase

ODD = {
    "tab": "{}\t",
    "line end": "{}\r\n",
    "vertical tab": "\v{}",
    "next line": "{}\u0085",
    "no-break space": "\u00a0{}",
    "narrow no-break space": "{}\u202f",
    "em space": "{}\u2003",
    "wide space": "\u3000{}",
    "line separator": "{}\u2028",
    "zero-width space": "{}\u200b",
    "zero-width joiner": "{}\u200d",
    "word joiner": "\u2060{}",
    "byte order mark": "\ufeff{}",
    "soft hyphen": "{}\u00ad",
    "mark of direction": "\u200e{}\u202c",
    "variation selector": "{}\ufe0f",
    "control": "{}\u0007",
    "delete": "{}\x7f",
    "all at once": "\ufeff \t{}\u00a0\u200b \r\n",
}
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
SPACES = " \u00a0\u202f\u2003\u3000"
"""What SQL's trim takes off, as it always did."""
HIDDEN = ["{}\u200b{}", "{}\u00ad{}", "{}\ufeff{}", "{}\x00{}", "{}\u2060{}"]


def gtin(number: int) -> str:
    digits = f"4{number:011d}"
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighed % 10}"


def variation(key: str, **data: Any) -> dict[str, Any]:
    return {"type": "ITEM_VARIATION", "id": key, "version": 1, "item_variation_data": {"name": key, **data}}


def children(*names: str) -> list[dict[str, Any]]:
    return [{"ProductId": "", "ChildProductId": one, "PerKitQty": 1, "ProductName": ""} for one in names]


def full_width(digits: str) -> str:
    return "".join(chr(ord("\uff10") + int(digit)) for digit in digits)


SKUS = {
    **{name: (f"Tea-{place}", odd.format(f"tea-{place}")) for place, (name, odd) in enumerate(ODD.items())},
    **{f"dash {ord(dash):04x}": (f"A-{ord(dash)}", f"a{dash}{ord(dash)}") for dash in DASHES},
    **{
        f"hidden {place}": (f"CUP{place}-X", hidden.format(f"cup{place}", "-x"))
        for place, hidden in enumerate(HIDDEN)
    },
    "spaces inside": ("Big Pot 1", "big \u00a0 pot\t1"),
    "no-break inside": ("Big Pot 2", "big\u00a0pot\u20032"),
    "full-width digits": ("Jar 2026", "jar " + full_width("2026")),
}
"""What one system says, and another's spelling of the same."""
BARCODES = {
    **{name: (gtin(place), odd.format(gtin(place))) for place, (name, odd) in enumerate(ODD.items(), 100)},
    "dashes inside": (gtin(200), "\u2013".join([gtin(200)[:1], gtin(200)[1:7], gtin(200)[7:]])),
    "spaces inside": (gtin(201), "\u00a0".join([gtin(201)[:1], gtin(201)[1:7], gtin(201)[7:]])),
    "full-width digits": (gtin(202), full_width(gtin(202))),
}
ADDRESSES = {
    "as the sandbox": {"City": "Akron", "State": "OH", "Country": "US", "ZipCode": "44301"},
    "other names": {"city": "Akron", "StateName": "OH", "CountryCode": "us", "PostalCode": "44301"},
    "snake case": {"city_name": "Akron", "state_code": "OH", "country_code": "US"},
    "shouted": {"CITY": "Akron", "REGION": "OH", "COUNTRY": "United States"},
    "blank first": {
        "City": "\u00a0",
        "Town": "Akron",
        "State": None,
        "Province": "OH",
        "CountryCode": "",
        "Country": "USA",
    },
    "as text": json.dumps({"City": "Akron", "StateOrProvince": "OH", "CountryName": "u.s.a."}),
    "a numbered country": {
        "City": "Akron",
        "StateProvinceCode": "OH",
        "State": "OH",
        "CountryCode": 840,
        "Country": "US",
    },
}
NO_ADDRESSES = {
    "null": None,
    "a sentence": "12 Dock Rd, Akron",
    "a list": ["Akron"],
    "empty": {},
    "nested": {"City": {"Name": "Akron"}},
}


@pytest.fixture(scope="module")
def built(working_database: WorkingDatabase) -> WorkingDatabase:
    put = working_database.put
    working_database.describe_account("shop", "square")
    working_database.describe_account("s2", "ventmere_s2")
    working_database.describe_account("sc", "sellercloud", timezone="UTC")
    for name, (here, there) in SKUS.items():
        put("square.catalog_objects", variation(f"sku {name}", sku=here), account="shop")
        put("ventmere_s2.products", {"id": f"sku {name}", "sku": there, "name": name}, account="s2")
    for name, (here, there) in BARCODES.items():
        put("square.catalog_objects", variation(f"gtin {name}", upc=here), account="shop")
        put("ventmere_s2.products", {"id": f"gtin {name}", "gtin": there, "name": name}, account="s2")
    for place, blank in enumerate(("\u200b", "\t", "\u00a0", "\ufeff\u00ad")):
        put("square.catalog_objects", variation(f"blank {place}", sku=blank, upc=blank), account="shop")
    put(
        "sellercloud.inventory",
        listed("CUP-1", PhysicalQty=8, InventoryAvailableQty=8, AggregateQty=8),
        listed("A-CUP", ShadowOf="cup\u20101\u00a0", InventoryAvailableQty=8, AggregateQty=8),
        listed("SELF", ShadowOf="self\u200b\t", PhysicalQty=3, InventoryAvailableQty=3),
        listed("NONE", ShadowOf="\u200b", PhysicalQty=4, InventoryAvailableQty=4),
        listed("KIT", IsKit=True, InventoryDependantOption=2,
               ChildProducts=children("cup-1\r\n", "\ufeffCup-\uff11", "cup\u22121", "\u200b", "a-cup\t")),
        account="sc",
    )  # fmt: skip
    for place, address in enumerate([*ADDRESSES.values(), *NO_ADDRESSES.values()]):
        record = {"ID": place, "Name": str(place), "WarehouseAddress": address}
        put("sellercloud.warehouses", record, account="sc")
    working_database.build(
        "bridge_item_products", "bridge_product_barcodes", "dim_locations", "bridge_kit_trees",
        "bridge_kit_components", "rpt_oversell_risk",
    )  # fmt: skip
    return working_database


@pytest.mark.parametrize("name", [*(f"sku {name}" for name in SKUS), *(f"gtin {name}" for name in BARCODES)])
def test_two_spellings_of_one_code_are_one_item(built: WorkingDatabase, name: str) -> None:
    found = built.query(
        "select match_rule, is_ambiguous, count(*) over (partition by item_key)"
        " from marts.bridge_item_products where product_id = ?",
        name,
    )
    assert found == [(name.split()[0], False, 2)] * 2


def test_what_people_see_stays_as_it_was_written(built: WorkingDatabase) -> None:
    written = dict(built.query("select name, sku from marts.dim_products where product_id like 'sku %'"))
    assert {name: written[name] for name in SKUS} == {
        name: there.strip(SPACES) for name, (_, there) in SKUS.items()
    }
    codes = dict(
        built.query(
            "select substr(product_id, 6), barcode from marts.bridge_product_barcodes where account = 's2'"
        )
    )
    assert codes == {name: there.strip(SPACES) for name, (_, there) in BARCODES.items()}


def test_a_code_of_which_nothing_can_be_seen_is_none(built: WorkingDatabase) -> None:
    found = built.query(
        "select sku, gtin, match_rule from marts.dim_products"
        " inner join marts.bridge_item_products using (product_key)"
        " where dim_products.product_id like 'blank %'"
    )
    assert found == [(None, None, "none")] * 4


def test_parts_and_parents_are_found_by_what_can_be_seen_of_them(built: WorkingDatabase) -> None:
    parts = built.query(
        "select position, component_product_id, component_product_key is not null"
        " from marts.bridge_kit_components order by position"
    )
    assert parts == [(1, "CUP-1", True), (2, "CUP-1", True), (3, "CUP-1", True), (4, "A-CUP", True)]
    holders = built.query("select distinct stock_product_key from marts.bridge_kit_trees")
    assert holders == built.query("select product_key from marts.dim_products where product_id = 'CUP-1'")
    shadows = built.query(
        "select shadows.product_id, parents.product_id from marts.dim_products as shadows"
        " inner join marts.dim_products as parents on shadows.shadow_of_product_key = parents.product_key"
    )
    assert shadows == [("A-CUP", "CUP-1")], "neither what names itself nor what names nothing"
    counted = built.query(
        "select product_id from marts.fct_inventory_positions where is_additive order by product_id"
    )
    assert counted == [("CUP-1",), ("NONE",), ("SELF",)]


def test_an_address_is_read_under_any_of_the_usual_names(built: WorkingDatabase) -> None:
    found = built.query(
        "select city, region, country_code from marts.dim_locations order by cast(location_id as integer)"
    )
    names = [*ADDRESSES, *NO_ADDRESSES]
    expected = dict.fromkeys(ADDRESSES, ("Akron", "OH", "US")) | dict.fromkeys(NO_ADDRESSES, (None,) * 3)
    assert dict(zip(names, found, strict=True)) == expected

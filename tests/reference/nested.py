"""What stands nested in a product: categories, overrides, measurements, customs codes, custom fields."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from tests.reference.products import above_zero, products, text, threshold
from tests.reference.world import Life, Product, Record, instant, typed

Category = tuple[str, str]
"""Provider and category_id."""
DEPTH = 10
"""The var category_depth."""


class Known(NamedTuple):
    """A row of dim_categories."""

    name: str | None
    parent: str | None
    depth: int | None
    path: str | None
    is_cycle: bool
    is_orphan: bool
    is_deleted: bool


def categories(life: Life) -> dict[Category, Known]:
    """Square's CATEGORY objects and Augno's categories; also those that a product alone names."""
    names: dict[Category, str | None] = {}
    parents: dict[Category, str | None] = {}
    gone: set[Category] = set()
    for (key,), (record, _, is_there) in life.ever("square", "catalog_objects").items():
        if record["type"] == "CATEGORY":
            data = record["category_data"]
            names["square", key] = text(data["name"])
            parents["square", key] = (data.get("parent_category") or {}).get("id")
            if record["is_deleted"] or not is_there:
                gone.add(("square", key))
    items = life.ever("augno", "items").values()
    for row, _, _ in sorted(items, key=lambda seen: seen[2]):  # what is there has the last word
        if row["category"]:
            names["augno", row["category"]["id"]] = text(row["category"]["name"])
    # A category that items had once and none has now is not known to be deleted.
    found = {}
    for category in names:
        depth, path, is_cycle = _path(category, names, parents)
        parent = parents.get(category)
        is_known = (category[0], parent) in names
        found[category] = Known(
            names[category], parent if is_known else None, depth, path, is_cycle, False, category in gone
        )
    for provider, category_id in {(product[0], category) for product, category in product_categories(life)}:
        found.setdefault(
            (provider, category_id), Known(None, None, 1, None, False, is_orphan=True, is_deleted=False)
        )
    return found


def _path(
    category: Category, names: Mapping[Category, str | None], parents: Mapping[Category, str | None]
) -> tuple[int | None, str | None, bool]:
    """Depth (1 is the top) and path from the top; neither in a cycle or below the deepest level."""
    steps = [category]
    while True:
        above = parents.get(steps[-1])
        if above is None or (category[0], above) not in names:
            break
        if (category[0], above) in steps:
            return None, None, True
        steps.append((category[0], above))
    if len(steps) > DEPTH:
        return None, None, False
    return len(steps), " > ".join(str(names[step]) for step in reversed(steps)), False


def product_categories(life: Life) -> dict[tuple[Product, str], tuple[bool, int]]:
    """Whether a product's category is its primary one, and its position (bridge_product_categories)."""
    found: dict[tuple[Product, str], tuple[bool, int]] = {}
    objects = {key: record for (key,), (record, _, _) in life.ever("square", "catalog_objects").items()}
    for _, key in (product for product in products(life) if product[0] == "square"):
        data = objects[key].get("item_variation_data")
        item = objects[data["item_id"] if data else key]["item_data"]
        named = [one["id"] for one in item.get("categories") or ()]
        if not named and item.get("category_id"):
            named = [item["category_id"]]
        reporting = (item.get("reporting_category") or {}).get("id")
        if reporting and reporting not in named:
            named.append(reporting)
        primary = reporting or (named[0] if named else None)
        for place, category in enumerate(dict.fromkeys(named), start=1):
            found[("square", key), category] = (category == primary, place)
    for (key,), (row, _, _) in life.ever("augno", "items").items():
        if row["category"]:
            found[("augno", key), row["category"]["id"]] = (True, 1)
    return found


class Override(NamedTuple):
    """A row of bridge_product_locations."""

    price_minor_units: int | None
    currency_code: str | None
    is_stock_tracked: bool | None
    is_alert_on: bool | None
    reorder_point: Decimal | None
    is_sold_out: bool | None
    sold_out_until: Any


ALERTS = {"LOW_QUANTITY": True, "NONE": False}


def overrides(life: Life) -> dict[tuple[Product, str], Override]:
    """What Square's variations say of single locations (square.md §6.4)."""
    found = {}
    for (key,), (record, _, _) in life.ever("square", "catalog_objects").items():
        for said in record.get("item_variation_data", {}).get("location_overrides") or ():
            price = said.get("price_money") or {}
            found[("square", key), said["location_id"]] = Override(
                price.get("amount"),
                price.get("currency"),
                said.get("track_inventory"),
                ALERTS.get(said.get("inventory_alert_type")),
                threshold(said),
                said.get("sold_out"),
                instant(said.get("sold_out_valid_until")),
            )
    return found


# Measurements

GRAMS = {"lb": Decimal("453.59237"), "oz": Decimal("28.349523125"), "kg": Decimal(1000), "g": Decimal(1)}
MILLIMETRES = {"in": Decimal("25.4"), "cm": Decimal(10), "mm": Decimal(1)}
CUBIC_MILLIMETRES = {f"{unit}^3": size**3 for unit, size in MILLIMETRES.items()}


class Measured(NamedTuple):
    """A row of bridge_product_measurements."""

    weight_value: Decimal | None = None
    weight_unit: str | None = None
    weight_grams: Decimal | None = None
    length_value: Decimal | None = None
    width_value: Decimal | None = None
    height_value: Decimal | None = None
    dimension_unit: str | None = None
    length_mm: Decimal | None = None
    width_mm: Decimal | None = None
    height_mm: Decimal | None = None
    volume_value: Decimal | None = None
    volume_unit: str | None = None
    volume_mm3: Decimal | None = None
    quantity_per_case: Decimal | None = None


def measurements(life: Life) -> dict[tuple[Product, str], Measured]:
    """Every subject of a product (item, package, case) that has at least one number; 0 is none."""
    found: dict[tuple[Product, str], Measured] = {}
    for (kind, key), (row, _, _) in life.ever("shipstream", "products").items():
        found[("shipstream", typed(kind, key)), "item"] = _shipstream(row)
    for (key,), (row, _, _) in life.ever("sellercloud", "inventory").items():
        product = ("sellercloud", key)
        unit = {0: "in", 1: "cm"}.get(row["UnitOfMeasure"])
        sizes = (row["ShippingLength"], row["ShippingWidth"], row["ShippingHeight"])
        found[product, "item"] = measured(weight=_pounds(row["WeightLbs"], row["WeightOz"]), weight_unit="lb")
        found[product, "package"] = measured(
            weight=_pounds(row["PackageWeightLbs"], row["PackageWeightOz"]),
            weight_unit="lb",
            sizes=sizes,
            size_unit=unit,
        )
        found[product, "case"] = measured(per_case=row["QtyPerCase"])
    for (key,), (row, _, _) in life.ever("ventmere_s2", "products").items():
        for subject, weight, per_case in (
            ("package", row["shippingWeightKg"], None),
            ("case", row["caseWeightKg"], row["casePack"]),
        ):
            sizes = tuple(row[f"{subject}{side}Mm"] for side in ("Length", "Width", "Height"))
            found[("ventmere_s2", key), subject] = measured(
                weight=weight, weight_unit="kg", sizes=sizes, size_unit="mm", per_case=per_case
            )
    return {key: one for key, one in found.items() if any(isinstance(part, Decimal) for part in one)}


def _shipstream(row: Record) -> Measured:
    weight, size, volume = row.get("weight") or {}, row.get("dimensions") or {}, row.get("volume") or {}
    return measured(
        weight=weight.get("value"),
        weight_unit=weight.get("unit"),
        sizes=tuple(size.get(side) for side in ("length", "width", "height")),
        size_unit=size.get("unit"),
        volume=volume.get("value"),
        volume_unit=volume.get("unit"),
    )


def _pounds(pounds: Any, ounces: Any) -> Decimal:
    """The weight is pounds and ounces together (sellercloud.md §6.2)."""
    return Decimal(str(pounds or 0)) + Decimal(str(ounces or 0)) / 16


def measured(
    *,
    weight: Any = None,
    weight_unit: str | None = None,
    sizes: tuple[Any, ...] = (None, None, None),
    size_unit: str | None = None,
    volume: Any = None,
    volume_unit: str | None = None,
    per_case: Any = None,
) -> Measured:
    """The numbers as they are said, and in grams and millimetres; a unit only beside a number."""
    heavy, big = above_zero(weight), above_zero(volume)
    length, width, height = (above_zero(side) for side in sizes)
    return Measured(
        heavy,
        weight_unit if heavy else None,
        _in(heavy, weight_unit, GRAMS),
        length,
        width,
        height,
        size_unit if length or width or height else None,
        _in(length, size_unit, MILLIMETRES),
        _in(width, size_unit, MILLIMETRES),
        _in(height, size_unit, MILLIMETRES),
        big,
        volume_unit if big else None,
        _in(big, volume_unit, CUBIC_MILLIMETRES),
        above_zero(per_case),
    )


def _in(value: Decimal | None, unit: str | None, sizes: Mapping[str, Decimal]) -> Decimal | None:
    """A number in the smallest unit; null where the unit, in lower case, is none we know."""
    size = sizes.get((unit or "").strip().lower())
    return None if value is None or size is None else value * size


# Customs codes and custom fields


def hs_codes(life: Life) -> dict[tuple[Product, str | None], tuple[str, str | None, str]]:
    """Base, extension and the whole code by country; one without a country where there is no extension."""
    found: dict[tuple[Product, str | None], tuple[str, str | None, str]] = {}
    for (kind, key), (row, _, _) in life.ever("shipstream", "products").items():
        product, export = ("shipstream", typed(kind, key)), row.get("export") or {}
        base = text(export.get("hs_base_code"))
        if base is None:
            continue
        for said in export.get("hs_country_extension") or ():
            country, extension = text(said["country_id"]), text(said["extension"])
            found.setdefault((product, country), (base, extension, f"{base}{extension or ''}"))
        if (product, None) not in found and not export.get("hs_country_extension"):
            found[product, None] = (base, None, base)
    return found


class Value(NamedTuple):
    """A row of bridge_product_custom_fields, as far as the notes say what stands in it."""

    value_text: str
    value_number: Decimal | None = None
    value_boolean: bool | None = None
    value_key: str | None = None
    currency_code: str | None = None


def shipstream_fields(life: Life) -> dict[tuple[Product, str, int], Value]:
    """ShipStream's custom fields by code and position: an option comes with its id, money with a currency."""
    found = {}
    for (kind, key), (row, _, _) in life.ever("shipstream", "products").items():
        product = ("shipstream", typed(kind, key))
        for said in row["custom_fields"]:
            values = said["value"] if isinstance(said["value"], list) else [said["value"]]
            for place, value in enumerate(values, start=1):
                found[product, said["code"], place] = _shipstream_value(value, said.get("label"))
    return found


def _shipstream_value(value: Any, label: str | None) -> Value:
    match value:
        case {"id": option, "label": name}:
            return Value(name, value_key=str(option))
        case {"amount": amount, "currency": code}:
            return Value(str(amount), value_number=amount, currency_code=code)
        case bool():
            return Value("true" if value else "false", value_boolean=value)
        case int() if label is not None:
            return Value(label, value_key=str(value))
        case int() | Decimal():
            return Value(str(value), value_number=Decimal(value))
    return Value(str(value))


def sellercloud_fields(life: Life) -> dict[tuple[Product, str], list[tuple[str, str | None]]]:
    """Text and key of each value of Sellercloud's custom columns; an option's key becomes its label."""
    found: dict[tuple[Product, str], list[tuple[str, str | None]]] = {}
    for (key,), (row, _, _) in life.ever("sellercloud", "inventory").items():
        for column in row["CustomColumns"]:
            values = _sellercloud_values(column)
            if values:
                found[("sellercloud", key), column["ColumnName"]] = values
    return found


def _sellercloud_values(column: Record) -> list[tuple[str, str | None]]:
    labels = {one["Key"]: one["Value"] for one in column["DataSourceContainer"]}
    written = [as_written(column["Value"])]
    if column["IsDropDownAllowMultipleSelection"]:
        written = [part for one in written if one for part in one.split("|")]
    return [
        (labels.get(one, one), one if one in labels else None) for one in written if one is not None and one
    ]


def as_written(value: Any) -> str | None:
    """A value as JSON writes it, a text without its quotes."""
    if isinstance(value, bool | list):
        return json.dumps(value, separators=(",", ":"))
    return None if value is None else str(value)

"""Products and what is nested in them, as the last version of each record has it."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.reference.stock import has_own_stock, positions
from tests.reference.world import Life, Product, Record, decimal, instant, local, typed


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A row of dim_products, as far as the notes say what stands in it."""

    sku: str | None = None
    name: str | None = None
    brand: str | None = None
    gtin: str | None = None
    product_type: str | None = None
    is_kit: bool | None = None
    shadow_of: str | None = None
    """product_id of the product whose stock it repeats."""
    is_active: bool | None = None
    is_orphan: bool = False
    unit_of_measure: str | None = None
    unit_cost: Decimal | None = None
    currency_code: str | None = None
    reorder_point: Decimal | None = None
    vendor_name: str | None = None
    vendor_sku: str | None = None
    condition: str | None = None
    country_of_origin: str | None = None
    units_per_case: Decimal | None = None
    owner_id: str | None = None
    owner_name: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    is_deleted: bool = False
    is_gone: bool = False
    """No record tells of it now; Square goes on telling of what is deleted."""
    is_virtual: bool = False
    """Its parts' stock is offered as its own."""


def products(life: Life) -> dict[Product, Thing]:
    """Every product that a catalogue names or named, and those that only stock names (dim_products)."""
    found = square(life) | sellercloud(life) | shipstream(life) | augno(life) | ventmere_s2(life)
    for day in life.days:
        for provider in day.asked:
            for product in positions(day, provider):
                is_gone = product not in positions(life.of(provider)[-1], provider)
                found.setdefault(product, Thing(is_orphan=True, is_gone=is_gone))
    return found


def square(life: Life) -> dict[Product, Thing]:
    """A variation is called "item (variation)" and goes when its item goes (int_products_unioned).

    Counts may be of an item itself (square.md §6.1): then that is a product too.
    """
    counted = {product for day in life.days for product in positions(day, "square")}
    objects = {key: record for (key,), (record, _, _) in life.ever("square", "catalog_objects").items()}
    found = {}
    for key, record in objects.items():
        if record["type"] == "ITEM" and ("square", key) in counted:
            item = record["item_data"]
            found["square", key] = Thing(
                name=text(item["name"]),
                product_type=item["product_type"],
                is_active=not record["is_deleted"] and not item.get("is_archived", False),
                updated_at=instant(record["updated_at"]),
                is_deleted=record["is_deleted"],
            )
        if record["type"] != "ITEM_VARIATION":
            continue
        data = record["item_variation_data"]
        item = objects[data["item_id"]]
        is_deleted = record["is_deleted"] or item["is_deleted"]
        found["square", key] = Thing(
            sku=text(data["sku"]),
            name=f"{item['item_data']['name']} ({data['name']})",
            gtin=first_gtin([data.get("upc")]),
            product_type=item["item_data"]["product_type"],
            is_active=not is_deleted and not item["item_data"].get("is_archived", False),
            unit_of_measure=square_unit(data, objects),
            currency_code=(data.get("price_money") or {}).get("currency"),
            reorder_point=threshold(data),
            updated_at=instant(record["updated_at"]),
            is_deleted=is_deleted,
        )
    return found


def square_unit(said: Record, objects: Mapping[str, Record]) -> str | None:
    """The word for the unit that a variation is measured in; null for pieces (square.md §6.4)."""
    found = objects.get(said.get("measurement_unit_id") or "")
    if found is None:
        return None
    unit = found["measurement_unit_data"]["measurement_unit"]
    return next(str(value) for name, value in unit.items() if name != "type")


def threshold(said: Record) -> Decimal | None:
    """What Square warns at; null when it does not (square.md §6.4)."""
    if said.get("inventory_alert_type") != "LOW_QUANTITY":
        return None
    return decimal(said.get("inventory_alert_threshold"))


def sellercloud(life: Life) -> dict[Product, Thing]:
    """The ID is the SKU; 0 and "" are not set; a number that a flag hides is unknown (sellercloud.md §6)."""
    records = life.ever("sellercloud", "inventory")
    spelt = {key.casefold(): key for (key,), (_, _, is_there) in records.items() if is_there}
    found = {}
    for (key,), (row, _, is_there) in records.items():
        parent = text(row["ShadowOf"])
        costs_shown = row["SiteCostVisible"] and row["LastCostVisible"]
        found["sellercloud", key] = Thing(
            sku=text(row["ID"]),
            name=text(row["ProductName"]),
            brand=text(row["BrandName"]),
            gtin=first_gtin([row["UPC"], row["EAN"]]),
            product_type=text(row["ProductType"]),
            is_kit=row["IsKit"],
            shadow_of=parent and spelt.get(parent.casefold(), parent),
            is_active=is_there and row["Status"] == 1,
            unit_of_measure=text(row["ProductUnitOfMeasure"]),
            unit_cost=above_zero(row["AverageCost"]) if costs_shown else None,
            reorder_point=above_zero(row["InventoryLowStockNotice"]),
            vendor_name=text(row["DefaultVendor"]),
            vendor_sku=text(row["DefaultVendorSKU"]),
            condition=text(row["ProductConditionName"]),
            units_per_case=above_zero(row["QtyPerCase"]),
            owner_id=str(row["CompanyID"]),
            owner_name=text(row["CompanyName"]),
            created_at=local(row["CreationDate"], "America/New_York"),
            updated_at=local(row["LastModifiedDate"], "America/New_York"),
            is_deleted=not is_there,
            is_gone=not is_there,
        )
    return found


def shipstream(life: Life) -> dict[Product, Thing]:
    """A product belongs to a merchant; disabling it is deleting it softly (shipstream.md §6.2)."""
    merchants = {key: record for (key,), (record, _, _) in life.ever("shipstream", "merchants").items()}
    found = {}
    for (kind, key), (row, _, is_there) in life.ever("shipstream", "products").items():
        merchant = str(row["merchant"]["id"])
        found["shipstream", typed(kind, key)] = Thing(
            sku=text(row["sku"]),
            name=text(row["name"]),
            gtin=first_gtin(listed(row["barcodes"])),
            product_type=kind,
            is_active=is_there and row["is_enabled"],
            is_virtual=row["inventory"]["virtual_inventory"] != "none",
            vendor_sku=text(row["vendor_sku"]),
            country_of_origin=text(row["export"]["country_of_manufacture"]),
            owner_id=merchant,
            owner_name=text(merchants[merchant]["name"]) if merchant in merchants else None,
            created_at=instant(row["created_at"]),
            updated_at=instant(row["updated_at"]),
            is_deleted=not is_there,
            is_gone=not is_there,
        )
    return found


def augno(life: Life) -> dict[Product, Thing]:
    """An item has a description and no name; a cost counts where it is of the base unit (augno.md §6.2)."""
    found = {}
    for (key,), (row, _, is_there) in life.ever("augno", "items").items():
        found["augno", key] = Thing(
            sku=text(row["sku"]),
            name=text(row["description"]),
            product_type=row["type"],
            is_active=is_there,
            unit_of_measure=augno_unit(row) and augno_unit(row)["abbreviation"],
            unit_cost=augno_cost(row),
            currency_code="USD" if row["unit_cost"] else None,  # all of its costs are in dollars
            created_at=instant(row["created_at"]),
            updated_at=instant(row["updated_at"]),
            is_deleted=not is_there,
            is_gone=not is_there,
        )
    return found


def augno_cost(row: Record) -> Decimal | None:
    """What one base unit costs; null where the cost is of another unit."""
    cost, base = row["unit_cost"], augno_unit(row)
    if cost is None:
        return None
    per = cost["denominator_unit"]
    if base and per and base["id"] != per["id"]:
        return None
    return decimal(cost["value"])


def augno_unit(row: Record) -> Any:
    """The base unit of the item's category, which all its quantities are in (augno.md §6.1)."""
    group = row["category"] and row["category"]["unit_group"]
    return group and group["base_unit"]


def ventmere_s2(life: Life) -> dict[Product, Thing]:
    """Missing values come as "" and 0; the name of an organisation is no key (ventmere_s2.md §6)."""
    found = {}
    for (key,), (row, _, is_there) in life.ever("ventmere_s2", "products").items():
        found["ventmere_s2", key] = Thing(
            sku=text(row["sku"]),
            name=text(row["name"]),
            brand=text(row["brand"]["name"]),
            gtin=first_gtin([row["gtin"]]),
            is_active=is_there,
            condition=text(row["condition"]),
            units_per_case=above_zero(row["casePack"]),
            owner_id=row["organization"]["id"],
            owner_name=text(row["organization"]["name"]),
            created_at=instant(row["createdAt"]),
            updated_at=instant(row["updatedAt"]),
            is_deleted=not is_there,
            is_gone=not is_there,
        )
    return found


# Barcodes


def gtin(code: str | None) -> str | None:
    """14 digits whose check digit holds: 8, 12, 13 or 14 of them (GS1), blanks and hyphens apart."""
    digits = (cleaned(code) or "").replace(" ", "").replace("-", "")
    if not digits.isdecimal() or len(digits) not in (8, 12, 13, 14) or not digits.strip("0"):
        return None
    padded = digits.zfill(14)
    weighed = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(padded))
    return padded if weighed % 10 == 0 else None


def first_gtin(codes: Iterable[str | None]) -> str | None:
    return next((found for found in map(gtin, codes) if found), None)


def barcodes(life: Life) -> dict[tuple[Product, int], tuple[str, str | None]]:
    """Every barcode of a product by its position, in the provider's order, with its GTIN."""
    said: dict[Product, list[str | None]] = {}
    for (key,), (record, _, _) in life.ever("square", "catalog_objects").items():
        if record["type"] == "ITEM_VARIATION":
            said["square", key] = [record["item_variation_data"].get("upc")]
    for (key,), (row, _, _) in life.ever("sellercloud", "inventory").items():
        said["sellercloud", key] = [row["UPC"], row["EAN"]]
    for (kind, key), (row, _, _) in life.ever("shipstream", "products").items():
        said["shipstream", typed(kind, key)] = listed(row["barcodes"])
    for (key,), (row, _, _) in life.ever("ventmere_s2", "products").items():
        said["ventmere_s2", key] = [row["gtin"]]
    found = {}
    for product, codes in said.items():
        held = [code.strip() for code in codes if code and code.strip()]
        for place, code in enumerate(held, start=1):
            found[product, place] = (code, gtin(code))
    return found


# Parts


DASHES = re.compile("[\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]")


def cleaned(code: str | None) -> str | None:
    """A code as it is compared: no character that nobody sees, one kind of space, dash and digit."""
    if code is None:
        return None
    seen = "".join(
        str(unicodedata.digit(one)) if "\uff10" <= one <= "\uff19" else one
        for one in DASHES.sub("-", code)
        if one.isspace() or unicodedata.category(one) not in ("Cc", "Cf")
    )
    return " ".join(seen.split()) or None


def listed(codes: str | list[str | None]) -> list[str | None]:
    """Barcodes of packaging come as one text with commas (shipstream.md §6.2)."""
    return [*codes.split(",")] if isinstance(codes, str) else codes


def text(value: Any) -> str | None:
    """Trimmed; nothing for blank."""
    return (str(value).strip() or None) if value is not None else None


def above_zero(value: Any) -> Decimal | None:
    """A number of which 0 says that there is none."""
    number = decimal(value)
    return number if number is not None and number > 0 else None


def own_stock(life: Life, product: Product) -> bool:
    """Whether a product's numbers are its own, as its last version says (sellercloud.md §6.5)."""
    if product[0] != "sellercloud":
        return True
    return has_own_stock(life.ever("sellercloud", "inventory")[(product[1],)][0])

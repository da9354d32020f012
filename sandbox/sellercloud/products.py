"""What a product of Sellercloud is made of, and the warehouses it can lie in (sellercloud.md §2.2, §6)."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from sandbox.kit import Record

KitType = Literal[0, 1, 2]
"""A kit's stock: 0 its own, 1 that of its main components, 2 that of all components."""

NORMAL, FBA, INTERIM, DROP_SHIP = 0, 1, 3, 4
MAIN, AMAZON, DAMAGED, EMPTY = 10, 20, 30, 40
"""Warehouses: the default one, one at Amazon, one whose stock is not for sale, and one that holds nothing."""
SITES: tuple[tuple[int, str, int, bool], ...] = (
    (MAIN, "Main", NORMAL, True),
    (11, "Köln, Tor 3", NORMAL, True),
    (AMAZON, "Amazon FBA US", FBA, True),
    (DAMAGED, "Returns & Damaged", INTERIM, False),
    (EMPTY, "Overflow (closed)", NORMAL, True),
    (50, "Drop shipper", DROP_SHIP, True),
)
COMPANIES: dict[int, tuple[str, str]] = {
    163: ("Acme Outlet", "ACM"),
    164: ("Crème & Co", "CRM"),
    170: ("听雨 Trading", "TYT"),
}
BRANDS = ("Acme", "Acme", "Acme", " Leading Space", "Crème & Co", "O'Brien <b>&amp;</b> Sons", "")
VENDORS: dict[int, str] = {0: "", 7: "Über Supply GmbH", 12: "Shenzhen 听雨", 31: "Smith & Sons"}
REGIONS: dict[int, str] = {0: "", 1: "East", 2: "Süd"}


@dataclass(slots=True)
class Stock:
    """What lies of a product in one warehouse."""

    physical: int = 0
    reserved: int = 0


@dataclass(slots=True)
class Child:
    """A place in a kit."""

    product: str
    per_kit: int
    name: str
    """The component's name when it was put in; shown while there is no such product."""
    is_main: bool = True
    """Whether it counts for a kit of type 1. No answer tells."""


@dataclass(slots=True)
class Rebate:
    """A rebate, shown from its start to its end."""

    number: int
    value: Decimal
    deduct: Decimal
    starts_at: datetime
    ends_at: datetime
    modified_at: datetime


@dataclass(slots=True)
class Product:
    """One product, its stock included. Every clock is kept apart by what moves it."""

    id: str
    name: str
    company: int
    number: int
    """Its place in the order of creation; what it is like is drawn from that."""
    fields: Record
    """What is told as it is, by the names of the answers."""
    created_at: datetime
    modified_at: datetime | None = None
    """When it was edited; None: never."""
    aggregated_at: datetime | None = None
    """When its stock changed; None: never."""
    moved_at: datetime | None = None
    """When its stock moved while the sandbox watched."""
    swept_at: datetime | None = None
    """When an aggregation found nothing new."""
    parent_moved_at: datetime | None = None
    components_moved_at: datetime | None = None
    is_active: bool = True
    shadow_of: str = ""
    kit_type: KitType | None = None
    """None: no kit."""
    children: list[Child] = field(default_factory=list)
    stock: dict[int, Stock] = field(default_factory=dict)
    columns: dict[int, Any] = field(default_factory=dict)
    """Values of custom columns; not there: null."""
    rebate: Rebate | None = None
    sold: tuple[int, ...] = (0,) * 7
    """How many are sold on each day of a week."""

    @property
    def has_own_stock(self) -> bool:
        """Whether its numbers are its own: not for shadows and for kits that depend on their parts."""
        return not self.shadow_of and self.kit_type in (None, 0)

    @property
    def holders(self) -> list[int]:
        """The warehouses in which anything of it lies or is reserved."""
        return sorted(place for place, one in self.stock.items() if one.physical or one.reserved)


def fields_of(rng: random.Random, number: int, gtin: str, now: datetime) -> Record:
    """What a product tells as it is, drawn from chance and its number."""
    vendor = (0, 7, 0, 12, 31)[number % 5]
    region = number % 3
    cost = Decimal(rng.randint(100, 9_000_000)).scaleb(-4)
    price = (cost * Decimal("1.9") + Decimal("0.5")).quantize(Decimal("0.01"))
    weight = rng.randint(0, 900)
    upc = gtin if len(gtin) == 12 else ""
    return {
        "ImageUrl": f"/images/{number}.jpg" if number % 4 else "",
        "Weight": f"{weight // 16} lbs {weight % 16} oz" if weight else "",
        "ShippingWeight": f"{weight // 16 + 1} lbs",
        "WeightOz": Decimal(weight % 16 * 10 + 5).scaleb(-1),
        "PackageWeightLbs": weight // 16 + 1,
        "PackageWeightOz": Decimal("0.0"),
        "LocationNotes": f'Bin <b>{number % 40}</b>, "top"' if number % 6 == 1 else "",
        "AverageCost": Decimal("1234567890123.123456") if number == 3 else cost,
        "Priority": number % 4,
        "Rating": number % 6,
        "DefaultVendorSKU": f"V-{number:05d}" if vendor else "",
        "QtyPerCase": number % 5 * 6,
        "IsEndOfLife": number % 19 == 6,
        "ShippingCost": Decimal(number % 700).scaleb(-2),
        "ASIN": f"B0{number // 2:08d}" if number % 3 else "",
        "ASINInActiveListing": f"B0{number // 2:08d}" if number % 3 == 1 else "",
        "ShippingWidth": Decimal(number % 90 * 25).scaleb(-2),
        "ShippingHeight": Decimal(number % 70 * 10).scaleb(-2),
        "ShippingLength": number % 110,
        "LocationRegion": region,
        "RegionName": REGIONS[region],
        "WeightLbs": weight // 16,
        "ProductType": "Genéral" if number % 2 else "Electronics",
        "DefaultVendor": VENDORS[vendor],
        "UnitOfMeasure": int(number % 9 == 4),
        "ProductUnitOfMeasure": "Case" if number % 7 == 2 else "Each",
        "HomeCountryCode": 840 if number % 3 else 0,
        "Country": "United States" if number % 3 else "",
        "AmazonMarketPlaceID": "ATVPDKIKX0DER" if number % 3 else "",
        "WarehouseBasedPhysicalAndReservedQty": number % 10 == 3,
        "StorePrice": price,
        "ListPrice": price + 5,
        "ManufacturerSKU": f"MPN/{number // 3}" if number % 4 else "",
        "UPC": upc,
        "EAN": gtin if len(gtin) == 13 else "",
        "AmazonFBASKU": "",
        "FulfilledBy": "Merchant",
        "SalesRank": number * 37 % 9000 if number % 5 else 0,
        "ProductConditionName": "Refurbished" if number % 13 == 8 else "New",
        "NotesCount": number % 3,
        "IsSellAble": number % 23 != 9,
        "ExpectedDeliveryDate": now - timedelta(days=200) if number % 11 == 5 else None,
        "BrandName": BRANDS[number % len(BRANDS)],
        "DeductFromItemCostType": number % 3,
        "InventoryLowStockNotice": number % 4 * 5,
        "OnOrder": rng.randint(0, 60) if number % 4 == 0 else 0,
        "AmazonPrice": price,
        "WebsitePrice": price - Decimal("0.01"),
        "VendorID": vendor,
        "VendorVisible": number % 12 != 1,
        "AmazonMarketplace": "Amazon.com" if number % 3 else "",
        "OnBackOrder": rng.randint(1, 9) if number % 8 == 3 else 0,
        "BackOrderVisible": number % 16 != 3,
        "WholeSalePrice": (price * Decimal("0.75")).quantize(Decimal("0.0001")),
        "WholeSalePriceVisible": number % 14 != 5,
        "SitePrice": price,
        "SiteCost": cost,
        "SiteCostVisible": number % 15 != 7,
        "LastCost": cost + Decimal("0.0001"),
        "LastCostVisible": number % 10 != 9,
        "ShowPriorityAndRatingDelta": number % 9 != 2,
        "AmazonStoreStatus": number % 2 == 0,
        "AmazonEnableBOPISProduct": number % 30 == 1,
        "TaxExempt": number % 21 == 4,
    }


def sum_of(stocks: Iterable[Stock]) -> Stock:
    """What lies in several warehouses together."""
    total = Stock()
    for one in stocks:
        total.physical += one.physical
        total.reserved += one.reserved
    return total

"""What a ShipStream product is, and everything odd about one that shipstream.md §6.2 and §9 list."""

import random
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from sandbox.kit import Record

Kind = Literal["normal", "packaging", "containers", "supplies", "infill"]
Virtual = Literal["none", "optimistic", "realistic", "pessimistic"]

OWN_TYPES: dict[Kind, str] = {
    "normal": "Product",
    "packaging": "Packaging",
    "containers": "PackagingContainer",
    "supplies": "PackagingSupply",
    "infill": "PackagingInfill",
}
MATERIALS: tuple[tuple[Kind, str], ...] = (
    ("containers", "Carton No. {}"),
    ("packaging", 'Mailer "padded" {}'),
    ("supplies", "Tape, 50 m, {}"),
    ("infill", "Füllmaterial {}"),
)
BASICS = ("sku", "name", "is_enabled", "merchant", "created_at", "updated_at")
"""What is not optional and comes last, as in the published example."""


class CustomField(NamedTuple):
    """A tenant's own attribute. An id comes with its label, several of them as a list of both."""

    code: str
    value: Any
    label: str | None = None


@dataclass(slots=True)
class Product:
    """One product of one merchant."""

    id: int
    kind: Kind
    merchant: int
    sku: str
    name: str
    created_at: datetime
    updated_at: datetime
    details: Record
    """Every other member, as it is served; its custom fields apart."""
    custom_fields: list[CustomField]
    is_enabled: bool = True
    virtual: Virtual = "none"
    components: tuple[tuple[int, int], ...] = ()
    """Of a kit on demand: product id and how many of it."""
    yields: int = 1
    """How many kits one set of components makes."""


FIELDS = (
    CustomField("color", 13, "Red and Black"),
    CustomField("cost_of_goods", Decimal("41.30")),
    CustomField("allow_mailer", True),
    CustomField("care_note", 'Lauwarm waschen, "nicht" bügeln\n30 °C'),
    CustomField("best_before", "2027-03-31"),
    CustomField("tags", [{"id": 3, "label": "Gift"}, {"id": 8, "label": "Crème brûlée"}]),
    CustomField("msrp", {"amount": Decimal("99.90"), "currency": "EUR"}),
    CustomField("is_fragile", False),
    CustomField("shelf_days", 365),
    CustomField("batch_code", "00042"),
)
CODES = ("8518.30", "6912.00", "0902.40", "9405.10", "4202.92")
WEIGHTS = (("20", "lb"), ("3.50", "oz"), ("0.250", "kg"), ("140", "g"))
SIZES = (("8", "6", "4.50", "in"), ("20.0", "15", "10", "cm"), ("200", "150", "99", "mm"))
VOLUMES = (("300", "in^3"), ("2950.5", "cm^3"), ("2950000", "mm^3"))


def details_of(rng: random.Random, place: int, gtin: str) -> Record:
    """The optional members of the place-th product."""
    weight, weight_unit = WEIGHTS[place % 4]
    length, width, height, size_unit = SIZES[place % 3]
    volume, volume_unit = VOLUMES[place // 3 % 3]
    barcodes = ([gtin] if gtin else []) + [f"{956623520 + place}-{n}" for n in range(place % 4)]
    if place % 11 == 7:
        barcodes[1:] = ["O-VS-Oregano-p3", "O-VS-Oregano-p3"]  # one code, on many things, twice on each
    record: Record = {
        "vendor_sku": f"Vendor-{place:05d}" if place % 3 else None,
        "external_id": f"{rng.randrange(10**9):010d}" if place % 4 else f"11-993-{place:04d}",
        "barcodes": barcodes[:4],
        "goods_type": "ORM_D" if place % 37 == 3 else "LITHIUM_ION" if place % 59 == 8 else "NORMAL",
        "is_available": place % 13 != 6,
        "is_visible": place % 33 != 5,
        "lot_type": {"type": "LotType", "id": 1 + place % 3} if place % 5 == 1 else None,
        "weight": {"value": Decimal(weight), "unit": weight_unit},
        "dimensions": {
            "length": Decimal(length),
            "width": Decimal(width),
            "height": Decimal(height),
            "unit": size_unit,
        },
        "volume": {"value": Decimal(volume), "unit": volume_unit},
        "inventory": {
            "backorders": place % 2 == 0,
            "dynamic_allocation": place % 3 != 0,
            "virtual_inventory": "none",
        },
        "export": {
            "description": "Plastic children's toy with steel weights" if place % 2 else None,
            "customs_value": {"amount": Decimal("99" if place % 3 else "12.50"), "currency": "USD"},
            "country_of_manufacture": ("TW", "DE", "US", "NA")[place % 4],
            "hs_base_code": CODES[place % 5],
            "hs_country_extension": [
                {"country_id": country, "extension": extension}
                for country, extension in (("TW", "002"), ("US", "011"), ("DE", "90"))[: place % 4]
            ],
        },
        "regulated_goods": _regulated(place) if place % 50 == 12 else None,
        "packaging": {
            "require_packaging": place % 2 == 0,
            "require_weight_check": place % 3 == 0,
            "require_confirmation_per_item": place % 5 == 0,
            "unit_quantity": 1 if place % 6 else 12,
            "bulk_quantity": 10 if place % 3 else None,
            "max_per_package": 15 if place % 4 else None,
            "is_ship_separately": place % 7 == 0,
            "ship_separately_tag": "PVC" if place % 7 == 0 else None,
            "can_tip": place % 2 == 1,
            "can_contain_other_items": place % 9 == 0,
            "is_handling_surcharge": place % 10 == 0,
        },
    }
    if place % 23 == 9:  # nested objects may be absent or null
        del record["volume"]
        record["dimensions"] = None
    return record


def custom_fields_of(place: int) -> list[CustomField]:
    """None to all ten of the fields there are, from another one on for each product."""
    start = place % len(FIELDS)
    return [*FIELDS, *FIELDS][start : start + place % (len(FIELDS) + 1)]


def _regulated(place: int) -> Record:
    return {
        "regulation": {"type": "Regulation", "id": 120 + place % 4},
        "technical_name": "Hydro Polymer Acetylene Coating",
        "additional_information": "Flammable liquid",
        "net_weight": {"value": Decimal("20"), "unit": "lb"},
        "container_type": "Plastic Box",
        "container_meets_hazmat_specs": True,
        "regulation_units": Decimal("0.5"),
    }

"""Records as the providers' own published examples have them, which a test fills with what it is about."""

import json
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]

DATA = Path(__file__).parents[1] / "data"
[LISTED] = json.loads((DATA / "sellercloud_inventory.json").read_text("utf-8"))["Items"]
"""Sellercloud's product with its stock."""
_levels = json.loads((DATA / "shipstream_inventory_levels_total.json").read_text("utf-8"))
[LEVEL] = _levels["collection"]
[PRODUCT] = _levels["included"]["Product"]
"""ShipStream's, and the stock of another product."""


def listed(sku: str, **more: Any) -> Row:
    """What Sellercloud writes of a product of which nothing is known."""
    blank: dict[type, Any] = {str: "", int: 0, float: 0.0, bool: False, list: []}
    nothing = {name: blank[type(value)] for name, value in LISTED.items()}
    return {**nothing, "ID": sku, "ProductName": sku.title(), "Status": 1, **more}


def total(number: int, sku: str, available: int, **more: Any) -> Row:
    """What ShipStream writes of a product of which some units are there, all of them free."""
    blank = {name: 0 for name in LEVEL if name.startswith("qty_")}
    held = dict.fromkeys(("qty_on_hand", "qty_available", "qty_advertised"), available)
    return {**LEVEL, **blank, **held, **more, "product": {"type": "Product", "id": number, "sku": sku}}

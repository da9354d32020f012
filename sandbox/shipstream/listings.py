"""ShipStream's lists as data: what each can be filtered, sorted and asked by (shipstream.md §2.1, §2.2)."""

from collections.abc import Callable, Mapping
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from sandbox.shipstream.filters import Field, Sort
from sandbox.shipstream.view import Level

QUANTITIES = (
    "qty_allocated",
    "qty_backordered",
    "qty_reserved",
    "qty_picked",
    "qty_expected",
    "qty_processed",
    "qty_putaway",
    "qty_available",
    "qty_on_hand",
    "qty_advertised",
)
LEVEL_FIELDS = {"all", "product", "warehouse", *QUANTITIES, "updated_at"}
PRODUCT_BASICS = {
    "type",
    "id",
    "sku",
    "name",
    "merchant",
    "is_enabled",
    "created_at",
    "updated_at",
}
PRODUCT_FIELDS = PRODUCT_BASICS | {
    "all",
    "basic",
    "vendor_sku",
    "external_id",
    "barcodes",
    "goods_type",
    "is_available",
    "is_visible",
    "lot_type",
    "weight",
    "dimensions",
    "volume",
    "inventory",
    "export",
    "regulated_goods",
    "packaging",
    "custom_fields",
}
COMMON = {"filter", "sort", "fields", "count", "limit", "cursor_start", "cursor_end", "version"}


class Listing(NamedTuple):
    """One list."""

    filters: Mapping[str, Field]
    sorts: Mapping[str, Callable[[Any], Any]]
    default_sort: str
    id_name: str
    """The sort that cursors go by."""
    parameters: set[str]


def _on_product(sort: Sort, member: str) -> Field:
    return Field(sort, attrgetter(f"product.{member}"))


def _in_details(sort: Sort, member: str) -> Field:
    return Field(sort, lambda level: level.product.details[member])


def _quantity(name: str) -> Field:
    return Field("number", lambda level: level.quantities[name])


def _level_filters(*, backordered: bool) -> dict[str, Field]:
    return {
        "product_id": _on_product("number", "id"),
        "sku": _on_product("text", "sku"),
        "product_name": _on_product("text", "name"),
        "product_type": _on_product("text", "kind"),
        "product_created_at": _on_product("time", "created_at"),
        "product_updated_at": _on_product("time", "updated_at"),
        "merchant_id": _on_product("number", "merchant"),
        "vendor_sku": _in_details("text", "vendor_sku"),
        "external_id": _in_details("text", "external_id"),
        "barcode": _in_details("text", "barcodes"),
        "goods_type": _in_details("text", "goods_type"),
        "is_enabled": _on_product("bool", "is_enabled"),
        "is_available": _in_details("bool", "is_available"),
        "is_visible": _in_details("bool", "is_visible"),
        "updated_at": Field("time", attrgetter("at")),
        **{name: _quantity(name) for name in QUANTITIES if backordered or name != "qty_backordered"},
    }


def _members(**sorts: Sort) -> dict[str, Field]:
    return {name: Field(sort, itemgetter(name)) for name, sort in sorts.items()}


LEVEL_SORTS: dict[str, Callable[[Level], Any]] = {
    "product_id": attrgetter("product.id"),
    "sku": attrgetter("product.sku"),
    "updated_at": attrgetter("at"),
}
LEVEL_PARAMETERS = COMMON | {"fields:product"}
TOTALS = Listing(_level_filters(backordered=True), LEVEL_SORTS, "-updated_at", "product_id", LEVEL_PARAMETERS)
WAREHOUSE_LEVELS = Listing(
    _level_filters(backordered=False),
    {**LEVEL_SORTS, "warehouse_id": attrgetter("warehouse")},
    "-updated_at",
    "product_id",
    LEVEL_PARAMETERS,
)
WAREHOUSES = Listing(
    _members(id="number", name="text", is_active="bool"),
    {"id": itemgetter("id"), "name": itemgetter("name")},
    "-id",
    "id",
    COMMON,
)
MERCHANTS = Listing(
    {
        **_members(
            id="number", code="text", name="text", is_active="bool", is_deleted="bool", created_at="time"
        ),
        "is_default": Field("bool", lambda merchant: merchant["id"] == 1),
    },
    {name: itemgetter(name) for name in ("id", "code", "name", "sort_order", "created_at")},
    "id",
    "id",
    COMMON | {"fields:brands"},
)

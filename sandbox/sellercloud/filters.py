"""Which products a request asks for (sellercloud.md §2.1, §4)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.record import Call
from sandbox.sellercloud.answers import Refusal, read_local
from sandbox.sellercloud.data import SellercloudData
from sandbox.sellercloud.products import BRANDS, DEFAULT_COMPANY
from sandbox.sellercloud.switches import SellercloudSwitches
from sandbox.sellercloud.view import Row

Test = Callable[[Row], bool]
Asked = Mapping[str, tuple[str, ...]]
"""The values of each parameter, its name in lower case without the prefix."""
WINDOWS = {
    "lastupdatedfrom": ("modified", True),
    "lastupdatedto": ("modified", False),
    "lastaggregatefrom": ("aggregated", True),
    "lastaggregateto": ("aggregated", False),
}
KNOWN = (
    *WINDOWS,
    "inventoryid",
    "ean",
    "poid",
    "companyid",
    "vendorid",
    "defaultvendorid",
    "brandids",
    "warehouse",
    "vendorsku",
    "upc",
    "physicalqtyfrom",
    "physicalqtyto",
    "kittype",
    "productgroupfiltertype",
    "productgroup",
    "keyword",
)
"""All others are ignored without a word."""


def asked_of(call: Call) -> dict[str, tuple[str, ...]]:
    """What a query asks for; where a name comes with and without its prefix, that with it counts."""
    bare: dict[str, tuple[str, ...]] = {}
    prefixed: dict[str, tuple[str, ...]] = {}
    for name, value in call.params:
        lower = name.lower()
        into = prefixed if lower.startswith("model.") else bare
        key = lower.removeprefix("model.")
        into[key] = (*into.get(key, ()), value)
    return {**bare, **prefixed}


def integer(asked: Asked, name: str, default: int) -> int:
    """The number a parameter gives; of repeated ones the first, as .NET's binding has it."""
    texts = asked.get(name, ())
    return next(iter(integers(texts[:1])), default)


def integers(texts: Iterable[str]) -> list[int]:
    """The numbers that texts give.

    Raises:
        Refusal: one is no number.
    """
    try:
        return [int(text) for text in texts if text.strip()]
    except ValueError:
        raise Refusal(400) from None


def warehouses_of(asked: Asked, data: SellercloudData) -> list[int]:
    """The warehouses whose rows are asked for, each once; those that do not exist hold nothing."""
    wanted = dict.fromkeys(integers(asked.get("warehouse", ())))
    return [one for one in wanted if one in data.warehouses]


def tests_of(asked: Asked, data: SellercloudData, switches: SellercloudSwitches) -> list[Test]:
    """What a row must pass to be among the matches."""
    tests: list[Test] = []
    for name, values in asked.items():
        if name in WINDOWS:
            test = _window(values[0], *WINDOWS[name], switches)
            if test is not None:
                tests.append(test)
        elif name in KNOWN and any(value.strip() for value in values):
            tests.append(_test(name, values, data, switches))
    if switches.default_company_only and not integers(asked.get("companyid", ())):
        tests.append(lambda row: row.product.company == DEFAULT_COMPANY)
    return tests


def _window(text: str, clock: str, is_from: bool, switches: SellercloudSwitches) -> Test | None:
    if not text.strip():
        return None
    edge = read_local(text, ZoneInfo(switches.timezone))
    if edge is None:
        if switches.bad_date == "ignored":
            return None
        raise Refusal(400)
    limit = edge

    def test(row: Row) -> bool:
        at: datetime | None = getattr(row, clock)
        if at is None:
            return False
        if is_from:
            return at >= limit if switches.from_inclusive else at > limit
        return at <= limit if switches.to_inclusive else at < limit

    return test


def _test(name: str, values: tuple[str, ...], data: SellercloudData, switches: SellercloudSwitches) -> Test:
    match name:
        case "inventoryid" | "ean":
            exact = name == "ean" or switches.sku_case == "exact"
            wanted = {part.strip() for value in values for part in value.split(",") if part.strip()}
            wanted = wanted if exact else {part.casefold() for part in wanted}
            if name == "ean":
                return lambda row: row.product.fields["EAN"] in wanted
            if exact:
                return lambda row: row.product.id in wanted
            return lambda row: row.product.id.casefold() in wanted
        case "upc":
            return lambda row: row.product.fields["UPC"] == values[0]
        case "vendorsku":
            return lambda row: row.product.fields["DefaultVendorSKU"] in values
        case "keyword":
            word = values[0].casefold()
            return lambda row: any(
                word in text.casefold()
                for text in (row.product.id, row.product.name, row.product.fields["ASIN"])
            )
    return _numeric(name, integers(values), data)


def _numeric(name: str, numbers: list[int], data: SellercloudData) -> Test:
    tests: dict[str, Test] = {
        "companyid": lambda row: row.product.company in numbers,
        "vendorid": lambda row: row.product.fields["VendorID"] in numbers,
        "defaultvendorid": lambda row: row.product.fields["VendorID"] in numbers,
        "brandids": lambda row: row.product.fields["BrandName"] in [_brand(one) for one in numbers],
        "warehouse": lambda row: not set(numbers).isdisjoint(data.holders(row.product)),
        "physicalqtyfrom": lambda row: _physical(row, data) >= numbers[0],
        "physicalqtyto": lambda row: _physical(row, data) <= numbers[0],
        # 0 brings ordinary products too: a live client asks so for what is no kit.
        "kittype": lambda row: (row.product.kit_type or 0) == numbers[0],
        # There are no product groups and no purchase orders here.
        "productgroupfiltertype": lambda row: numbers[0] != 1,
        "productgroup": lambda row: False,
        "poid": lambda row: False,
    }
    return tests[name]


def _physical(row: Row, data: SellercloudData) -> int:
    return data.stock_of(row.product, data.warehouses).physical


def _brand(number: int) -> Any:
    return BRANDS[number] if 0 <= number < len(BRANDS) else None

"""Which products a request asks for, as far as anybody asks (sellercloud.md §2.1, §4)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sandbox.kit import Refusal
from sandbox.record import Call
from sandbox.sellercloud.data import SellercloudData
from sandbox.sellercloud.local_time import read_local
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
KNOWN = (*WINDOWS, "inventoryid", "warehouse")
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
    return next(iter(_integers(asked.get(name, ())[:1])), default)


def warehouses_of(asked: Asked, data: SellercloudData) -> list[int]:
    """The warehouses whose rows are asked for, each once; those that do not exist hold nothing."""
    wanted = dict.fromkeys(_integers(asked.get("warehouse", ())))
    return [one for one in wanted if one in data.warehouses]


def tests_of(asked: Asked, data: SellercloudData, switches: SellercloudSwitches) -> list[Test]:
    """What a row must pass to be among the matches."""
    tests: list[Test] = []
    for name, values in asked.items():
        if not any(value.strip() for value in values):
            continue
        if name in WINDOWS:
            tests.append(_window(values[0], *WINDOWS[name], switches))
        elif name == "inventoryid":
            tests.append(_named(values))
        elif name == "warehouse":
            tests.append(_held(set(_integers(values)), data))
    return tests


def _integers(texts: Iterable[str]) -> list[int]:
    try:
        return [int(text) for text in texts if text.strip()]
    except ValueError:
        raise Refusal(400) from None


def _named(values: Iterable[str]) -> Test:
    """IDs with commas between them, in any case."""
    wanted = {part.strip().casefold() for value in values for part in value.split(",") if part.strip()}
    return lambda row: row.product.id.casefold() in wanted


def _held(places: set[int], data: SellercloudData) -> Test:
    return lambda row: not places.isdisjoint(data.holders(row.product))


def _window(text: str, clock: str, is_from: bool, switches: SellercloudSwitches) -> Test:
    limit = read_local(text, ZoneInfo(switches.timezone))
    if limit is None:
        raise Refusal(400)

    def test(row: Row) -> bool:
        at: datetime | None = getattr(row, clock)
        if at is None:
            return False
        if at == limit:
            return switches.from_inclusive if is_from else switches.to_inclusive
        return at > limit if is_from else at < limit

    return test

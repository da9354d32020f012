"""How numbers, days and states read: the same words on a page, in the report and in a CSV."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

UNKNOWN = "\u2013"
THIN = "\u202f"
MINUS = "\u2212"
SHORTENED = ((10**15, "P"), (10**12, "T"), (10**9, "G"))
"""From a thousand million on, a number is shown short: nobody reads so many digits."""

PIECES = ("each", "ea", "piece", "pieces", "pcs", "unit", "units")
"""How providers name what is counted singly: said of nothing, because it goes without saying."""

UNTRACKED = {
    "not_tracked": "stock not tracked",
    "virtual_inventory": "made when sold",
    "drop_ship": "at a drop shipper",
}
STATUSES = {"ok": "answered", "failed": "failed", "guarded": "held back"}


def number(value: Any) -> str:
    """Thousands set apart, a real minus, two decimals at most, a dash for what nobody knows.

    Short where it is huge; `exact` has all digits. What is not zero never reads as zero.
    """
    if value is None:
        return UNKNOWN
    amount = Decimal(value) if not isinstance(value, float) else Decimal(str(value))
    for size, unit in SHORTENED:
        if abs(amount) >= size:
            return _signed(f"{amount / size:.2f}{THIN}{unit}")
    rounded = round(amount, 2)
    return _signed(_plain(amount if rounded == 0 else rounded))


def exact(value: Any) -> str:
    """All digits, as a machine reads them; empty for what nobody knows."""
    if value is None:
        return ""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def is_shortened(value: Any) -> bool:
    """Whether `number` leaves digits out."""
    return value is not None and number(value).replace(THIN, "").replace(MINUS, "-") != exact(value)


def days(value: Any) -> str:
    """Days of cover, to a tenth: nobody plans by the hour."""
    return UNKNOWN if value is None else number(round(Decimal(value), 1))


def brief(value: float) -> str:
    """A number on an axis: 1.5k, 20M."""
    for size, unit in ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if abs(value) >= size:
            return _signed(f"{value / size:g}{unit}")
    return _signed(f"{value:g}")


def day(value: date | None) -> str:
    """28 Nov 2026, which no country reads as another day."""
    return UNKNOWN if value is None else f"{value.day} {value:%b %Y}"


def moment(value: datetime | None, year: int | None = None) -> str:
    """28 Nov 2026 12:51 UTC, without the year where it is the reader's. An age would go stale."""
    if value is None:
        return UNKNOWN
    told = "" if value.year == year else f" {value.year}"
    return f"{value.day} {value:%b}{told} {value:%H:%M} UTC"


def duration(seconds: float | None) -> str:
    """How long, in the unit that is read best."""
    if seconds is None:
        return UNKNOWN
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def unit(name: str | None) -> str:
    """A unit that has to be told beside a number."""
    return "" if name is None or name.lower() in PIECES else name.lower().removeprefix("metric_")


def system(name: str | None) -> str:
    """A provider's or a measure's name as people read it."""
    return UNKNOWN if name is None else name.replace("_", " ")


def untracked(reason: str) -> str:
    """Why a number means nothing, in words."""
    return UNTRACKED.get(reason, system(reason))


def status(name: str | None) -> str:
    """How a read ended, in words."""
    return STATUSES.get(name or "", name or "never asked")


def plural(count: int, one: str, many: str = "") -> str:
    """1 item, 2 items."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def title_of(row: Mapping[str, Any], prefix: str = "") -> str:
    """What to call a product: its SKU, else its name, else its id, else its key."""
    names = ("sku", "product_name", "name", "product_id", "item_key", "product_key")
    found = (row.get(f"{prefix}{name}") for name in names)
    return str(next((name for name in found if name not in (None, "")), UNKNOWN))


def searched(text: str) -> list[str]:
    """The words of a search, without those that say nothing."""
    return re.sub(r"[\x00-\x1f\x7f]", " ", text).split()[:12]


def cell(value: Any) -> Any:
    """A value as CSV writes it; what a spreadsheet would take for a formula begins with an apostrophe."""
    if isinstance(value, str):
        return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bool):
        return "true" if value else "false"
    return exact(value) if isinstance(value, Decimal) else value


def _plain(amount: Decimal) -> str:
    digits = f"{amount:,f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits.replace(",", THIN)


def _signed(digits: str) -> str:
    return digits.replace("-", MINUS)

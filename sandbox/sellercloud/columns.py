"""The account's custom columns: their definitions and what products hold in them (sellercloud.md §7)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

CLIENT = 5501
TYPES = ("String", "Integer", "Decimal", "DateTime", "Boolean", "nText", "Hyperlink")
"""By DataType."""


@dataclass(slots=True)
class Column:
    """The definition of a custom column, which every row repeats."""

    id: int
    name: str
    """Stable."""
    label: str
    """What people see, and change."""
    data_type: int
    length: int = 0
    options: tuple[tuple[str, str], ...] = ()
    allows_text: bool = False
    allows_several: bool = False
    allows_html: bool = False
    is_required: bool = False


SEASONS = (("S1", "Spring"), ("S2", "Été"), ("S3", "秋"))
MARKETS = (("DE", "Germany"), ("FR", "France"), ("US", "USA, all 50"))


def own_columns() -> list[Column]:
    """One of each type; a dropdown, one of several choices, and one whose values are of any type."""
    return [
        Column(1, "NOTE", "Note", 0, 100),
        Column(2, "SHELF_LIFE", "Shelf life (days)", 1, is_required=True),
        Column(3, "DUTY_RATE", "Duty rate %", 2),
        Column(4, "LAUNCHED_ON", "Launched on", 3),
        Column(5, "FRAGILE", "Fragile?", 4),
        Column(6, "CARE_TEXT", "Pflegehinweis", 5, 4000, allows_html=True),
        Column(7, "MANUAL_URL", "Manual", 6, 500),
        Column(12, "SEASON", "Season", 0, 20, SEASONS, allows_text=True),
        Column(13, "MARKETS", "Märkte", 0, 200, MARKETS, allows_several=True),
        Column(20, "LEGACY_CODE", "Legacy code", 0, 50),
    ]


def values_of(number: int, now: datetime) -> dict[int, Any]:
    """What a product holds, by column. Seven in ten hold nothing."""
    mixed: tuple[Any, ...] = (7, "007", Decimal("7.50"), True, ["7", "8"])
    choices: dict[int, tuple[Any, ...]] = {
        1: (f'Note {number}: "fragile", <i>soft</i>', "", "ß"),
        2: (30, 365, 0),
        3: (Decimal("4.50"), Decimal("0.1"), Decimal("12.000001")),
        4: (f"{now:%m/%d/%Y}", f"{now:%Y-%m-%d}T00:00:00", "soon"),
        5: (True, False),
        6: ("Wash cold.\nDo not\tbleach.", "<p>Nur von Hand</p>"),
        7: (f"https://example.com/m?id={number}&lang=de",),
        12: ("S1", "S2", "All year"),
        13: ("DE", "DE|FR", "DE|FR|US"),
        20: mixed,
    }
    held = {}
    for column, values in choices.items():
        turn = number + 3 * column
        if turn % 10 < 3:
            held[column] = values[turn // 10 % len(values)]
    return held

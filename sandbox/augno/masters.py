"""Units, unit groups, categories and properties: what items are described with (augno.md §6.3, §9)."""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sandbox.kit import Record

ZERO_DATE = "0001-01-01T00:00:00Z"
"""How the published examples spell a time that nobody set."""
SYSTEM: Record = {"object": "owner", "type": "system", "account": None}

UNITS = (
    # name, abbreviation, type, numerator, denominator, base of its kind
    ("Each", "ea", "quantity", "1", "1", True),
    ("Pair", "pr", "quantity", "2", "1", False),
    ("Dozen", "dz", "quantity", "12", "1", False),
    ("Kilogram", "kg", "mass", "1000", "1", False),
    ("Gram", "g", "mass", "1", "1", True),
    ("Pound", "lb", "mass", "45359237", "100000", False),
    ("Metre", "m", "length", "1", "1", True),
    ("Yard", "yd", "length", "9144", "10000", False),
    ("US dollar", "$", "currency", "1", "1", True),
    ("Day", "d", "time", "1", "1", True),
)
GROUPS = (
    # name, type, base unit, the others
    ("Pieces", "quantity", "ea", ("dz",)),
    ("Pairs", "quantity", "pr", ("ea", "dz")),
    ("Yarn by weight", "mass", "kg", ("g", "lb")),
    ("Dyes", "mass", "g", ("kg",)),
    ("Imperial weight", "mass", "lb", ("kg",)),
    ("Elastic", "length", "m", ("yd",)),
)
CATEGORIES = (
    # name, type, unit group
    ("Socks", "product_category", "Pairs"),
    ("Gloves / Mittens", "product_category", "Pairs"),
    ("Drinks", "product_category", "Pieces"),
    ("Maison & Küche", "product_category", "Pieces"),
    ('Gifts, "small"', "product_category", "Pieces"),
    ("Housings", "product_category", "Pieces"),
    ("Fasteners", "product_category", "Pieces"),
    ("Cotton yarn", "material_category", "Yarn by weight"),
    ("Wool yarn", "material_category", "Imperial weight"),
    ("Färbemittel 染料", "material_category", "Dyes"),
    ("Elastic & tape", "material_category", "Elastic"),
    ("Labels", "material_category", "Pieces"),
)
PROPERTIES = {"Colour": ("Blue", "Rouge", "Grün"), "Size": ("Small", "Large", "100 g", "250 g")}
COUNTABLE = "quantity"
MakeId = Callable[[str], str]


@dataclass(frozen=True)
class IdMaker:
    """Makes ids: a prefix and, half of the time each, 12 or 26 lower-case letters and digits."""

    rng: random.Random

    def __call__(self, prefix: str) -> str:
        """A new one."""
        length = self.rng.choice((12, 26))
        return f"{prefix}_{''.join(self.rng.choices(string.ascii_lowercase + string.digits, k=length))}"


def spell(moment: datetime) -> str:
    """RFC 3339 in UTC: milliseconds, or whole seconds where there are none."""
    digits = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=digits).removesuffix("+00:00") + "Z"


@dataclass(frozen=True)
class Masters:
    """The account's units, groups and the rest, each by id; what an include fills in is kept by id here."""

    units: dict[str, Record]
    groups: dict[str, Record]
    """`base_unit` is an id, `associated_units` are (id, unit id) pairs."""
    categories: dict[str, Record]
    """`unit_group` is an id, `properties` are ids."""
    properties: dict[str, Record]
    attributes: dict[str, Record]
    """`property` is an id."""
    dollar: str
    """The unit that prices are in."""

    def base_unit(self, category: str | None) -> Record | None:
        """The unit that a category's stock is counted in."""
        if category is None:
            return None
        return self.units[self.groups[self.categories[category]["unit_group"]]["base_unit"]]

    def is_countable(self, category: str | None) -> bool:
        """Whether a category's stock is counted, not weighed or measured."""
        unit = self.base_unit(category)
        return unit is None or unit["type"] == COUNTABLE

    def unit_of(self, category: str | None) -> str:
        """The abbreviation of that unit; `ea` where there is no category."""
        unit = self.base_unit(category)
        return "ea" if unit is None else str(unit["abbreviation"])


def make_masters(make_id: MakeId, account: str, at: datetime) -> Masters:
    """What the account starts with; three of the times were never set."""
    times = {"created_at": spell(at), "updated_at": spell(at)}
    owned: Record = {"object": "owner", "type": "account", "account": account}
    units: dict[str, Record] = {}
    for name, abbreviation, kind, numerator, denominator, is_base in UNITS:
        unit_id = make_id("un")
        units[unit_id] = {
            "id": unit_id,
            "object": "unit",
            "name": name,
            "abbreviation": abbreviation,
            "type": kind,
            "ratio_numerator": numerator,
            "ratio_denominator": denominator,
            "offset_numerator": "0",
            "offset_denominator": "1",
            "is_base_unit": is_base,
            "owner": SYSTEM,
            **(dict.fromkeys(times, ZERO_DATE) if abbreviation == "lb" else times),
        }
    unit_ids = {str(unit["abbreviation"]): unit_id for unit_id, unit in units.items()}
    groups: dict[str, Record] = {}
    for name, kind, base, others in GROUPS:
        group_id = make_id("ug")
        groups[group_id] = {
            "id": group_id,
            "object": "unit_group",
            "name": name,
            "notes": None,
            "type": kind,
            "base_unit": unit_ids[base],
            "associated_units": [(make_id("gu"), unit_ids[unit]) for unit in (base, *others)],
            "owner": owned,
            **(dict.fromkeys(times, ZERO_DATE) if name == "Elastic" else times),
        }
    group_ids = {str(group["name"]): group_id for group_id, group in groups.items()}
    properties: dict[str, Record] = {}
    attributes: dict[str, Record] = {}
    for name, values in PROPERTIES.items():
        property_id = make_id("pp")
        properties[property_id] = {"id": property_id, "object": "property", "name": name, **times}
        for value in values:
            attribute_id = make_id("at")
            attributes[attribute_id] = {
                "id": attribute_id,
                "object": "attribute",
                "name": value,
                "property": property_id,
                **times,
            }
    categories: dict[str, Record] = {}
    for place, (name, kind, group) in enumerate(CATEGORIES):
        category_id = make_id("ic")
        categories[category_id] = {
            "id": category_id,
            "object": "item_category",
            "name": name,
            "notes": None if place % 3 else f"About {name}.",
            "type": kind,
            "owner": owned,
            "properties": list(properties)[: place % 3],
            "unit_group": group_ids[group],
            **({**times, "updated_at": ZERO_DATE} if place == 2 else times),
        }
    return Masters(units, groups, categories, properties, attributes, unit_ids["$"])

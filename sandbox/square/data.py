"""One Square seller: locations, catalogue, counts, changes, and everything odd that square.md §9 lists."""

import random
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple

from sandbox.articles import Article
from sandbox.clock import Clock
from sandbox.kit import Record
from sandbox.square.locations import make_id, make_locations

CountKey = tuple[str, str, str]
"""catalog_object_id, location_id, state."""


class CountChange(NamedTuple):
    """That a count changed, and what it was before."""

    at: datetime
    key: CountKey
    before: Record | None
    before_at: datetime


class SquareData:
    """What the seller has. Every mutator shows at once in the truth."""

    def __init__(self, rng: random.Random, clock: Clock, articles: Sequence[Article]) -> None:
        self._rng = rng
        self._clock = clock
        self.locations: dict[str, Record] = make_locations(rng)
        self.objects: dict[str, Record] = {}
        """Catalogue objects by id; an ITEM holds no variations here, they are nested when it is served."""
        self.counts: dict[CountKey, Record] = {}
        self.counted_at: dict[CountKey, datetime] = {}
        self.journal: list[CountChange] = []
        """Every change of a count since the start, in order: a reader that lags behind undoes the last."""
        self.changes: list[Record] = []
        """Its inventory changes, in order of receipt. It starts empty: the first stock was imported."""
        self.version = 0
        """Goes up with every change, so that the routes know when to sort anew."""
        self.variation_of_article: dict[int, str] = {}
        self._variations_of: dict[str, list[str]] = {}
        self._tax_id = self._id(24)
        self._make_catalog(articles)
        self._make_counts()
        self.journal.clear()

    # What the seller starts with

    def _make_catalog(self, articles: Sequence[Article]) -> None:
        self.unit_id = self._add_object(
            "MEASUREMENT_UNIT",
            {"measurement_unit": {"weight_unit": "METRIC_GRAM", "type": "TYPE_WEIGHT"}, "precision": 3},
        )
        root = self._add_object(
            "CATEGORY", {"name": "Everything", "category_type": "REGULAR_CATEGORY", "is_top_level": True}
        )
        self.categories = [
            self._add_object(
                "CATEGORY",
                {
                    "name": name,
                    "category_type": "REGULAR_CATEGORY",
                    "parent_category": {"id": root, "ordinal": place},
                    "is_top_level": False,
                    "root_category": root,
                    "path_to_root": [{"category_id": root, "category_name": "Everything"}],
                },
            )
            for place, name in enumerate(("Drinks", "Maison & Küche", "Travel", "听", 'Gifts, "small"'))
        ]
        items: dict[int, str] = {}
        for article in articles:
            if article.item not in items:
                items[article.item] = self._add_object(
                    "ITEM",
                    {
                        "name": article.item_name,
                        "description": f"About {article.item_name[:40]}.",
                        "description_plaintext": f"About {article.item_name[:40]}.",
                        "categories": [{"id": self.categories[article.item % 5], "ordinal": 0}],
                        "reporting_category": {"id": self.categories[article.item % 5], "ordinal": 0},
                        "product_type": "FOOD_AND_BEV" if article.item % 10 == 0 else "REGULAR",
                        "is_archived": article.item % 23 == 11,
                        "visibility": "PRIVATE",
                        "tax_ids": [self._tax_id] if article.item % 2 else [],
                    },
                )
            self.variation_of_article[article.number] = self._add_variation(items[article.item], article)
        self.items = list(items.values())

    def _add_variation(self, item_id: str, article: Article) -> str:
        data: Record = {
            "item_id": item_id,
            "name": article.variant,
            "sku": article.sku,
            "ordinal": article.number % 5,
            "pricing_type": "FIXED_PRICING",
            "price_money": {"amount": 150 + 25 * (article.number % 40), "currency": "USD"},
            "track_inventory": True,
            "sellable": True,
            "stockable": True,
        }
        if article.gtin:
            data["upc"] = article.gtin
        if article.number % 5 == 0:
            data["inventory_alert_type"] = "LOW_QUANTITY"
            data["inventory_alert_threshold"] = 5 + article.number % 7
        if article.number % 11 == 0:
            data["measurement_unit_id"] = self.unit_id
        if article.number % 13 == 0:
            first = next(iter(self.locations))
            data["location_overrides"] = [{"location_id": first, "track_inventory": True, "sold_out": False}]
        variation = self._add_object("ITEM_VARIATION", data)
        self._variations_of.setdefault(item_id, []).append(variation)
        return variation

    def _make_counts(self) -> None:
        locations = list(self.locations)
        imported = self._clock.now() - timedelta(days=3)
        variations = list(self.variation_of_article.values())
        for place, variation in enumerate(variations):
            for location in locations:
                if self._rng.random() < 0.9:
                    # One import, one instant: many ties, more than a page of 100 holds.
                    at = imported if self._rng.random() < 0.6 else imported + self._past()
                    self._put((variation, location, "IN_STOCK"), self._quantity(), at)
                if self._rng.random() < 0.08:
                    self._put((variation, location, "WASTE"), str(self._rng.randint(1, 9)), imported)
                if self._rng.random() < 0.03:
                    state = ("RESERVED_FOR_SALE", "IN_TRANSIT", "ORDERED_FROM_VENDOR")[place % 3]
                    self._put((variation, location, state), str(self._rng.randint(1, 20)), imported)
        self._make_odd_counts(variations, locations, imported)

    def _make_odd_counts(self, variations: list[str], locations: list[str], at: datetime) -> None:
        here = locations[0]
        self._put((variations[0], here, "IN_STOCK"), "1.0", at)
        self._put((variations[1], locations[2], "IN_STOCK"), "4", at)  # at the inactive location
        self._put((variations[2], here, "SOMETHING_NEW"), "3", at)
        self._put((variations[2], here, "RETURNED_BY_CUSTOMER"), "2", at)
        self._put((variations[2], locations[1], "RECEIVED_FROM_VENDOR"), "6.5", at)
        self._put((variations[3], here, "IN_STOCK"), "-4", at)
        for item in self.items[:2]:  # as Square for Restaurants leaves them
            self._put((item, here, "IN_STOCK"), "12", at)
        spellings = (
            (0, "%Y-%m-%dT%H:%M:%SZ"),
            (0, "%Y-%m-%dT%H:%M:%SZ"),
            (123456, "%Y-%m-%dT%H:%M:%S.%fZ"),
            (0, "%Y-%m-%dT%H:%M:%S.%fZ"),
        )
        odd = [(at.replace(microsecond=part), way) for part, way in spellings]
        self._spell_oddly((variations[4], here, "IN_STOCK"), *odd[0])
        self._spell_oddly((variations[5], here, "IN_STOCK"), *odd[1])
        self._spell_oddly((variations[6], here, "IN_STOCK"), *odd[2])
        self._spell_oddly((variations[8], here, "IN_STOCK"), *odd[3])
        berlin = at.replace(microsecond=0).astimezone(timezone(timedelta(hours=1)))
        self._spell_oddly((variations[9], here, "IN_STOCK"), berlin, "%Y-%m-%dT%H:%M:%S+01:00")
        deleted = variations[7]
        self._put((deleted, here, "IN_STOCK"), "9", at)
        self.objects[deleted].update(
            is_deleted=True, updated_at=spell(at), version=round(at.timestamp() * 1000)
        )

    def _spell_oddly(self, key: CountKey, at: datetime, spelling: str) -> None:
        self._put(key, "7", at)
        self.counts[key].update(calculated_at=at.strftime(spelling), is_estimated=False)

    # What happens to it

    def set_count(
        self, variation: str, location: str, quantity: str, state: str = "IN_STOCK", *, recount: bool = True
    ) -> None:
        """Counts stock anew, now; with a physical count among the changes."""
        key = (variation, location, state)
        self._put(key, quantity, self._clock.now())
        if recount:
            self._enter("PHYSICAL_COUNT", variation, quantity, state=state, location_id=location)

    def adjust(
        self,
        variation: str,
        location: str,
        quantity: str,
        from_state: str,
        to_state: str,
        *,
        late: bool = False,
    ) -> None:
        """Moves units between states at one location. States that are not tracked get no count.

        Args:
            late: it happened up to a day ago on a till that was offline.
        """
        for state, sign in ((from_state, -1), (to_state, 1)):
            if state not in UNTRACKED_STATES:
                self._add((variation, location, state), sign * Decimal(quantity))
        price = {}
        if to_state == "SOLD":  # only then (square.md §6.5)
            price = {"total_price_money": {"amount": int(150 * Decimal(quantity)), "currency": "USD"}}
        self._enter(
            "ADJUSTMENT",
            variation,
            quantity,
            late=late,
            from_state=from_state,
            to_state=to_state,
            location_id=location,
            **price,
        )

    def transfer(self, variation: str, source: str, target: str, quantity: str) -> None:
        """Moves units in stock from one location to another."""
        for location, sign in ((source, -1), (target, 1)):
            self._add((variation, location, "IN_STOCK"), sign * Decimal(quantity))
        self._enter(
            "TRANSFER",
            variation,
            quantity,
            state="IN_STOCK",
            from_location_id=source,
            to_location_id=target,
        )

    def recalculate(self, key: CountKey) -> None:
        """Moves a count's clock without changing its quantity."""
        self._put(key, self.counts[key]["quantity"], self._clock.now())

    def remove_count(self, key: CountKey) -> CountKey:
        """Lets a count vanish without a trace; returns its key."""
        self._note(key, self._clock.now())
        del self.counts[key], self.counted_at[key]
        self.version += 1
        return key

    def delete_object(self, object_id: str) -> str:
        """Deletes an item or a variation from the catalogue; its counts stay as the switch says. Returns its
        id."""
        self._touch(object_id, is_deleted=True)
        return object_id

    def rename_item(self, item_id: str, name: str) -> None:
        """Renames an item. Its variations' clocks stay where they are."""
        self._touch(item_id, item_data={**self.objects[item_id]["item_data"], "name": name})

    def rename_variation(self, variation_id: str, name: str) -> None:
        """Renames a variation. Its item's clock stays where it is."""
        data = self.objects[variation_id]["item_variation_data"]
        self._touch(variation_id, item_variation_data={**data, "name": name})

    def add_item(self, article: Article) -> str:
        """Adds an item with one variation and a first count; returns the variation's id."""
        item = self._add_object(
            "ITEM", {"name": article.item_name, "product_type": "REGULAR"}, self._clock.now()
        )
        self.items.append(item)
        variation = self._add_variation(item, article)
        self._touch(variation)
        self.variation_of_article[article.number] = variation
        self.set_count(variation, next(iter(self.locations)), "10")
        return variation

    def close_location(self, location_id: str) -> None:
        """Makes a location inactive."""
        self.locations[location_id] = {**self.locations[location_id], "status": "INACTIVE"}
        self.version += 1

    # Parts

    def nested(self, object_id: str) -> Record:
        """A catalogue object as it is served: an item with its variations inside."""
        found = self.objects[object_id]
        if found["type"] != "ITEM" or found["is_deleted"]:
            return found  # a deleted item may come without its variations (forum 5203)
        inside = (self.objects[variation] for variation in self._variations_of.get(object_id, ()))
        variations = [variation for variation in inside if not variation["is_deleted"]]
        return {**found, "item_data": {**found["item_data"], "variations": variations}}

    def _add(self, key: CountKey, quantity: Decimal) -> None:
        held = Decimal(self.counts[key]["quantity"]) if key in self.counts else Decimal(0)
        self._put(key, format(held + quantity, "f"), self._clock.now())

    def _put(self, key: CountKey, quantity: str, at: datetime) -> None:
        variation, location, state = key
        self._note(key, at)
        self.counts[key] = {
            "catalog_object_id": variation,
            "catalog_object_type": self.objects[variation]["type"],
            "state": state,
            "location_id": location,
            "quantity": quantity,
            "calculated_at": spell(at),
        }
        self.counted_at[key] = at
        self.version += 1

    def _note(self, key: CountKey, at: datetime) -> None:
        self.journal.append(CountChange(at, key, self.counts.get(key), self.counted_at.get(key, at)))

    def _enter(self, kind: str, variation: str, quantity: str, *, late: bool = False, **more: Any) -> None:
        now = self._clock.now()
        happened = now - timedelta(hours=20) if late else now - timedelta(seconds=1)
        self.changes.append(
            {
                "kind": kind,
                "id": self._id(24),
                "reference_id": str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
                "catalog_object_id": variation,
                "catalog_object_type": self.objects[variation]["type"],
                "quantity": quantity,
                "occurred_at": spell(happened),
                "created_at": spell(now),
                "source": {
                    "product": "SQUARE_POS",
                    "application_id": "416ff29c-86c4-4feb-b58c-9705f21f3ea0",
                    "name": "Square Point of Sale 4.37",
                },
                "team_member_id": "LRK57NSQ5X7PUD05",
                **more,
            }
        )

    def _touch(self, object_id: str, **changes: Any) -> None:
        now = self._clock.now()
        found = self.objects[object_id]  # replaced, not changed: a truth that was read stays as it was
        stamp = {"updated_at": spell(now), "version": round(now.timestamp() * 1000)}
        self.objects[object_id] = {**found, **stamp, **changes}
        self.version += 1

    def _add_object(self, kind: str, data: Record, at: datetime | None = None) -> str:
        at = at or self._clock.now() - timedelta(days=30) + self._past()
        object_id = self._id(24)
        self.objects[object_id] = {
            "type": kind,
            "id": object_id,
            "updated_at": spell(at),
            "version": round(at.timestamp() * 1000),
            "is_deleted": False,
            "present_at_all_locations": True,
            f"{kind.lower()}_data": data,
        }
        return object_id

    def _past(self) -> timedelta:
        return timedelta(milliseconds=self._rng.randrange(2 * 24 * 3600 * 1000))

    def _quantity(self) -> str:
        draw = self._rng.random()
        if draw < 0.01:
            return str(-self._rng.randint(1, 9))
        if draw < 0.06:
            return self._rng.choice(("12.5", "0.33333", "3.75", "1.0", "100.10"))
        return str(self._rng.randint(0, 250))

    def _id(self, length: int) -> str:
        return make_id(self._rng, length)


UNTRACKED_STATES = {"NONE", "SOLD", "UNLINKED_RETURN"}


def spell(moment: datetime) -> str:
    """An instant as Square writes it: milliseconds and Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"

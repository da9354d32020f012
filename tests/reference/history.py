"""What was when: every place's numbers as a sequence of days, and what reports read off it (spec C)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeAlias, TypeVar

from tests.reference.stock import SUMMED, Numbers, Stock, levels, positions
from tests.reference.world import Day, Life, Product, days_from

Key = TypeVar("Key")
Standing: TypeAlias = tuple[Numbers, bool] | None
"""Numbers and is_additive; None: not listed."""


class Period(NamedTuple):
    """From one day on something stood, through the day before the other; None: to this day."""

    first: date
    end: date | None
    standing: Standing


def periods(
    life: Life, provider: str, read: Callable[[Day, str], Mapping[Key, Stock]]
) -> dict[Key, list[Period]]:
    """For each key the periods in which nothing about it changed, from its first day on.

    A day on which the provider was not asked says nothing, so what stood before it goes on.
    """
    seen: dict[Key, list[tuple[date, Standing]]] = {}
    for day in life.of(provider):
        found = read(day, provider)
        for key in {**seen, **found}:
            stock = found.get(key)
            standing = None if stock is None else (stock.numbers, stock.is_additive)
            steps = seen.setdefault(key, [])
            if not steps or steps[-1][1] != standing:
                steps.append((day.date, standing))
    return {
        key: [
            Period(first, steps[place + 1][0] if place + 1 < len(steps) else None, standing)
            for place, (first, standing) in enumerate(steps)
        ]
        for key, steps in seen.items()
    }


def position_history(life: Life) -> dict[Product, list[Period]]:
    """Positions of every provider by product, gaps among them."""
    found: dict[Product, list[Period]] = {}
    for provider in life.last.truth:
        found |= periods(life, provider, positions)
    return found


# fct_inventory_changes


class Change(NamedTuple):
    """A row of fct_inventory_changes; instants by their day."""

    valid_from: date
    valid_to: date | None
    numbers: Numbers
    on_hand_change: Decimal | None
    available_change: Decimal | None


def changes(life: Life) -> dict[tuple[str, str, str | None], list[Change]]:
    """Versions by product and location; the location is null where the provider gives the total itself."""
    found: dict[tuple[str, str, str | None], list[Change]] = {}
    for provider in life.last.truth:
        if provider not in SUMMED:
            for product, held in periods(life, provider, positions).items():
                found[*product, None] = _changes(held)
        for place, held in periods(life, provider, levels).items():
            found[place] = _changes(held)
    return found


def _changes(held: list[Period]) -> list[Change]:
    """A change is counted from the version before, also from the last one before a gap."""
    found: list[Change] = []
    for first, end, standing in held:
        if standing is None:
            continue
        numbers = standing[0]
        before = found[-1].numbers if found else Numbers()
        if found and found[-1].numbers == numbers and found[-1].valid_to == first:
            found[-1] = found[-1]._replace(valid_to=end)  # only is_additive changed
            continue
        found.append(
            Change(
                first,
                end,
                numbers,
                _less(numbers.quantity_on_hand, before.quantity_on_hand),
                _less(numbers.quantity_available, before.quantity_available),
            )
        )
    return found


def _less(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    return None if now is None or before is None else now - before


# fct_inventory_daily


@dataclass(frozen=True)
class Daily:
    """A product at the end of a day; `numbers` are null where it was not listed."""

    numbers: Numbers
    is_additive: bool
    is_listed: bool
    is_observed: bool
    changed_on: date

    @property
    def is_stockout(self) -> bool | None:
        """Nothing available; null where that is unknown."""
        available = self.numbers.quantity_available
        return None if available is None else available <= 0


def daily(life: Life) -> dict[tuple[Product, date], Daily]:
    """Every product on every day from its first version to its account's last day."""
    found: dict[tuple[Product, date], Daily] = {}
    for provider in life.last.truth:
        asked = {day.date for day in life.of(provider)}
        for product, held in periods(life, provider, positions).items():
            for first, end, standing in held:
                last = max(asked) if end is None else end - timedelta(days=1)
                for day in days_from(first, last):
                    numbers, is_additive = standing or (Numbers(), True)
                    found[product, day] = Daily(
                        numbers, is_additive, standing is not None, day in asked, first
                    )
    return found


def last_day(life: Life, provider: str) -> date:
    """The account's last day: of its last run, or of its newest version (int_account_days)."""
    return life.of(provider)[-1].date


def by_product(days: Mapping[tuple[Product, date], Daily]) -> dict[Product, dict[date, Daily]]:
    """The days of each product, in order."""
    found: dict[Product, dict[date, Daily]] = {}
    for (product, day), one in sorted(days.items(), key=lambda pair: pair[0]):
        found.setdefault(product, {})[day] = one
    return found


# rpt_stockouts


class Spell(NamedTuple):
    """A row of rpt_stockouts but for its names."""

    last_day_out: date
    days_out: int
    days_observed: int
    is_ongoing: bool


def stockouts(days: Mapping[tuple[Product, date], Daily]) -> dict[tuple[Product, date], Spell]:
    """Spells of days in a row without stock, by product and first day."""
    found: dict[tuple[Product, date], Spell] = {}
    for product, held in by_product(days).items():
        spell: list[date] = []
        for day in [*held, None]:
            if day is not None and held[day].is_stockout:
                spell.append(day)
            elif spell:
                observed = sum(held[one].is_observed for one in spell)
                found[product, spell[0]] = Spell(spell[-1], len(spell), observed, spell[-1] == max(held))
                spell = []
    return found


# rpt_inventory_ageing


class Age(NamedTuple):
    """A row of rpt_inventory_ageing but for its names."""

    quantity_on_hand: Decimal
    first_seen_on: date
    last_rise_on: date | None
    days_since_last_rise: int | None
    days_in_history: int
    as_of_day: date
    age_bucket: str
    is_at_least: bool


BUCKETS = ((30, "0-30"), (60, "31-60"), (90, "61-90"), (180, "91-180"))


def ageing(life: Life, days: Mapping[tuple[Product, date], Daily]) -> dict[Product, Age]:
    """Products with own stock that have some on hand now: since when there was no more of it."""
    found = {}
    for product, held in by_product(days).items():
        today, now = max(held), held[max(held)]
        on_hand = now.numbers.quantity_on_hand
        if not now.is_listed or not now.is_additive or on_hand is None or on_hand <= 0:
            continue
        risen, known = None, None
        for day, one in held.items():
            number = one.numbers.quantity_on_hand
            if number is not None:
                if known is not None and number > known:
                    risen = day
                known = number
        as_of = last_day(life, product[0])
        assert as_of == today
        since = None if risen is None else (as_of - risen).days
        in_history = (as_of - min(held)).days
        age = in_history if since is None else since
        bucket = next((name for limit, name in BUCKETS if age <= limit), "181+")
        found[product] = Age(on_hand, min(held), risen, since, in_history, as_of, bucket, risen is None)
    return found

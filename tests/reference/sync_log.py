"""What was asked, what came of it, and what records are made of: from one day's truth and the next."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pipelines.registry import PROVIDERS
from tests.reference.stock import latest, levels, positions
from tests.reference.world import Day, Life, Product, Record, typed

APPEND_ONLY = "inventory_changes"
"""The one resource that only grows, and so is never read whole again."""


def content(resource: str, record: Record) -> Any:
    """What a version is told by: Square's counts by their number, Augno's stock by its four (design §4)."""
    if resource == "item_inventory":
        return tuple(Decimal(record[name]["value"]) for name in sorted(record) if name != "object")
    if resource == "inventory_counts":
        return {**record, "quantity": Decimal(record["quantity"])}
    return record


class Run(NamedTuple):
    """A row of fct_sync_runs by its day, account and resource."""

    mode: str
    status: str
    rows_new: int
    rows_retired: int


def runs(life: Life) -> dict[tuple[date, str, str], Run]:
    """Versions that are new and keys that are gone, of every resource on every day it was asked for."""
    found = {}
    for provider in life.last.truth:
        for resource in (one.name for one in PROVIDERS[provider].resources):
            before: Mapping[tuple[str, ...], Record] = {}
            for day in life.of(provider):
                now = day.records(provider, resource)
                new = sum(
                    key not in before or content(resource, before[key]) != content(resource, record)
                    for key, record in now.items()
                )
                mode = "incremental" if resource == APPEND_ONLY else "sweep"
                found[day.date, provider, resource] = Run(mode, "ok", new, len(before.keys() - now.keys()))
                before = now
    return found


def asked_at(life: Life, provider: str, resource: str) -> dict[tuple[str, ...], datetime]:
    """When the run asked that first saw the current version of each record; T has whole seconds."""
    days = life.of(provider)
    found = {}
    for key, record in days[-1].records(provider, resource).items():
        first = days[-1]
        for day in reversed(days[:-1]):
            held = day.records(provider, resource)
            if key not in held or content(resource, held[key]) != content(resource, record):
                break
            first = day
        found[key] = first.loaded_at.replace(microsecond=0)
    return found


def positions_asked_at(life: Life) -> dict[Product, datetime]:
    """When we asked in the run that brought the newest part of each position."""
    found: dict[Product, datetime] = {}

    def note(product: Product, moment: datetime) -> None:
        found[product] = max(found.get(product, moment), moment)

    for (product, _, _), moment in asked_at(life, "square", "inventory_counts").items():
        note(("square", product), moment)
    for (_, product), moment in asked_at(life, "ventmere_s2", "inventory_items").items():
        note(("ventmere_s2", product), moment)
    for (kind, product), moment in asked_at(life, "shipstream", "total_levels").items():
        note(("shipstream", typed(kind, product)), moment)
    for (product,), moment in asked_at(life, "augno", "item_inventory").items():
        note(("augno", product), moment)
    for (product,), moment in asked_at(life, "sellercloud", "inventory").items():
        note(("sellercloud", product), moment)
    return found


def newest_counted_at(life: Life) -> dict[tuple[str, str], datetime | None]:
    """The newest clock of every resource's stock numbers, null for one without stock (rpt_freshness)."""
    found: dict[tuple[str, str], datetime | None] = {
        (provider, resource.name): None
        for provider in life.last.truth
        for resource in PROVIDERS[provider].resources
    }

    def of(provider: str) -> Day:
        return life.of(provider)[-1]

    for provider, resource in (("square", "inventory_counts"), ("ventmere_s2", "inventory_items")):
        found[provider, resource] = latest(one.counted_at for one in levels(of(provider), provider).values())
    for provider, total, parts in (
        ("shipstream", "total_levels", "warehouse_levels"),
        ("sellercloud", "inventory", "warehouse_inventory"),
    ):
        found[provider, total] = latest(one.counted_at for one in positions(of(provider), provider).values())
        found[provider, parts] = latest(one.counted_at for one in levels(of(provider), provider).values())
    return found


# Fields


class Field(NamedTuple):
    """A row of dim_source_fields at the top of a record, as far as records alone tell it."""

    version_count: int
    current_count: int
    record_versions: int


def fields(life: Life) -> dict[tuple[str, str, str], Field]:
    """How many versions and how many current records have each field at the top of a record."""
    found = {}
    for provider in life.last.truth:
        for resource in (one.name for one in PROVIDERS[provider].resources):
            versions: list[Record] = []
            before: Mapping[tuple[str, ...], Record] = {}
            for day in life.of(provider):
                now = day.records(provider, resource)
                for key, record in now.items():
                    if key not in before or content(resource, before[key]) != content(resource, record):
                        versions.append(record)
                before = now
            had: dict[str, int] = defaultdict(int)
            has: dict[str, int] = defaultdict(int)
            for record in versions:
                for name in record:
                    had[name] += 1
            for record in before.values():
                for name in record:
                    has[name] += 1
            for name, count in had.items():
                found[provider, resource, name] = Field(count, has[name], len(versions))
    return found

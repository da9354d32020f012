"""What was lived through: the sandbox's truth on each day, and who was asked for it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest
import time_machine
from dlt.common.time import LockedMonotonicPreciseTime

from pipelines.registry import PROVIDERS
from tests.conftest import Project

Record: TypeAlias = Mapping[str, Any]
Records: TypeAlias = Mapping[tuple[str, ...], Record]
Product: TypeAlias = tuple[str, str]
"""Provider and product_id. Every account is named like its provider, so that these two say it all."""
Place: TypeAlias = tuple[str, str, str]
"""Provider, product_id, location_id."""

QUIET, UNASKED = 6, 4
"""The day on which nothing happens, and the one on which an account is not asked; the first load is day 0."""
LEFT_OUT = "ventmere_s2"
LAST = 11
"""Ten days in which something happens, and a quiet one."""
BUILT = (0, QUIET, LAST)
"""The days on which there is a build."""


@dataclass(frozen=True, repr=False, eq=False)  # what is worked out of a day is kept with it
class Day:
    """One day: what every provider held when it was asked, and which ones were."""

    number: int
    date: date
    loaded_at: datetime
    """When the load began."""
    truth: dict[str, dict[str, Records]]
    asked: frozenset[str]

    def records(self, provider: str, resource: str) -> Records:
        """A resource as its provider would have served it on this day."""
        return self.truth[provider][resource]


Ever: TypeAlias = dict[tuple[str, ...], tuple[Record, Day, bool]]


@dataclass(repr=False)
class Life:
    """All days, oldest first."""

    days: list[Day] = field(default_factory=list)
    _ever: dict[tuple[str, str, int], Ever] = field(default_factory=dict)

    @property
    def last(self) -> Day:
        return self.days[-1]

    def of(self, provider: str) -> list[Day]:
        """The days on which a provider was asked: all that a warehouse can know of it."""
        return [day for day in self.days if provider in day.asked]

    def now(self, provider: str, resource: str) -> Records:
        """What a resource held when it was last asked for."""
        return self.of(provider)[-1].records(provider, resource)

    def ever(self, provider: str, resource: str) -> Ever:
        """Every record that ever was: its last version, the last day it was seen, whether it is there now."""
        days = self.of(provider)
        asked = (provider, resource, len(days))
        if asked not in self._ever:
            found = self._ever[asked] = {}
            for day in days:
                for key, record in day.records(provider, resource).items():
                    found[key] = (record, day, day is days[-1])
        return self._ever[asked]


def accounts(project: Project) -> dict[str, dict[str, Any]]:
    """One account per provider, named like it, whose numbers are known as far as they can be."""
    more = {
        "sellercloud": {"warehouses": "all", "warehouse_available": "scoped"},
        "ventmere_s2": {"available_basis": "net"},
    }
    return {name: project.account(name, **more.get(name, {})) for name in project.sandbox.providers}


def live(project: Project) -> Iterator[Life]:
    """Lives through the days, each with a load that reads everything; stops after each day."""
    with time_machine.travel(project.sandbox.clock.now(), tick=True), pytest.MonkeyPatch.context() as patch:
        # dlt names its packages, and dates rows, after a clock that never goes back: here one of these days.
        clock = LockedMonotonicPreciseTime(strictly_increasing=True)
        patch.setattr("dlt.common.storages.load_package.increasing_precise_time", clock)
        yield from _days(project)


def _days(project: Project) -> Iterator[Life]:
    life = Life()
    for number in range(LAST + 1):
        if number == QUIET:
            project.sandbox.clock.advance(days=1)
        elif number:
            project.sandbox.simulate_day()
        asked = [name for name in project.sandbox.providers if (number, name) != (UNASKED, LEFT_OUT)]
        now = project.sandbox.clock.now()
        with time_machine.travel(now, tick=True):
            project.load("--sweep", *(word for name in asked for word in ("--account", name)))
            life.days.append(Day(number, now.date(), now, truth_of(project), frozenset(asked)))
            yield life


def truth_of(project: Project) -> dict[str, dict[str, Records]]:
    """Everything the sandbox holds now, as it is now."""
    with pytest.MonkeyPatch.context() as patch:
        for room in ("sellercloud", "shipstream"):  # they read their own JSON back: with every digit, please
            patch.setattr(project.sandbox.apis[room], "read", partial(json.loads, parse_float=Decimal))
        return {
            name: {
                resource.name: dict(project.sandbox.truth(name, resource.name))
                for resource in PROVIDERS[name].resources
            }
            for name in project.sandbox.providers
        }


def decimal(value: Any) -> Decimal | None:
    """A number as it is written; nothing for nothing."""
    return None if value is None else Decimal(str(value))


def instant(text: str | None) -> datetime | None:
    """An RFC 3339 time. The year 1 stands for never (augno.md §6.3, sellercloud.md §6)."""
    if not text or text.startswith("0001-"):
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def local(text: str | None, zone: str) -> datetime | None:
    """A naive time of a zone; of an hour that comes twice, the first."""
    found = instant(text)
    return None if found is None else found.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def typed(kind: str, product: str) -> str:
    """ShipStream's packaging may use the ids of its products, so its kind goes before them."""
    return product if kind == "Product" else f"{kind}:{product}"


def days_from(first: date, last: date) -> list[date]:
    """All days from the first to the last, both of them too."""
    return [first + timedelta(days=place) for place in range((last - first).days + 1)]

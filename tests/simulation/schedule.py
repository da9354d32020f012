"""Schedules: what happens to a provider and to its reader, drawn by chance that can be repeated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from sandbox.rooms import ROOMS

SELDOM = (False, False, True)
STEPS: dict[str, tuple[int, tuple[Sequence[Any], ...]]] = {
    "change": (6, (range(2**16), (1, 1, 2, 3))),
    "edit": (5, (range(2**16), range(2**16))),
    "remove": (3, (range(2**16),)),
    "bring_back": (2, (range(2**16),)),
    "remove_many": (1, ((0.3, 0.6),)),
    "advance": (5, ((0.001, 1, 59, 601, 3600, 3 * 24 * 3600),)),
    "set_clock": (1, ((0, 0, -1, 1, 700, -700, -3 * 24 * 3600, 3 * 24 * 3600),)),
    "run": (6, ((True, False),)),
    "sweep": (2, ()),
    "sweep_and_confirm": (1, ()),
    "run_in_a_storm": (5, (range(2**16), (0.0, 0.05, 0.2, 0.5), (0.1, 0.1, 0.5, 0.9), SELDOM)),
    "run_and_die": (
        4,
        (range(2**16), (0.0, 0.0, 0.2), (0.0, 0.5), SELDOM, range(60), (False, True)),
    ),
    "backfill": (1, (range(100), range(1, 100))),
    "reset": (1, (range(8),)),
}
"""By name, how often, and of what each of its numbers is drawn."""
MOST_OFTEN_FIRST = ("run", "run_in_a_storm", "run_and_die", "run_and_die")
"""A first read is where most is decided: every schedule begins with one."""

Step = tuple[Any, ...]


@dataclass(frozen=True)
class Schedule:
    """One schedule, as it is told and played again."""

    provider: str
    world: int
    assumed: int | None
    """The chance that sets what the provider's notes leave open; None leaves it as it is likeliest."""
    settings: int
    page: int
    at_once: int
    is_round_robin: bool
    through_httpx: bool
    steps: tuple[Step, ...]

    def without(self, place: int, count: int) -> "Schedule":
        """The same with some steps less."""
        return replace(self, steps=self.steps[:place] + self.steps[place + count :])


def drawn(seed: int, number: int, most: int, providers: Sequence[str] = tuple(ROOMS)) -> Schedule:
    """The schedule of a number under a seed."""
    chance = Random(f"{seed} {number}")  # noqa: S311  chance that can be repeated, nothing secret
    names = list(STEPS)
    weights = [STEPS[name][0] for name in names]
    steps = [_step(chance, chance.choice(MOST_OFTEN_FIRST))]
    for name in chance.choices(names, weights, k=chance.randint(1, most) - 1):
        steps.append(_step(chance, name))
    provider = chance.choice(providers)
    return Schedule(
        provider=provider,
        world=chance.randrange(2**16),
        assumed=chance.choice((None, chance.randrange(2**16))),
        settings=chance.randrange(2**16),
        page=chance.choice((2, 3, 5)) if provider != "shipstream" else 6,
        at_once=chance.choice((1, 2, 8)),
        is_round_robin=chance.random() < 0.2,
        through_httpx=chance.random() < 0.02,
        steps=tuple(steps),
    )


def _step(chance: Random, name: str) -> Step:
    return (name, *(chance.choice(values) for values in STEPS[name][1]))

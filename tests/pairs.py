"""Combinations in which every two values of different switches meet at least once."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

Row = dict[str, Any]
Place = tuple[str, int]
"""A switch and the place of one of its values."""


def all_pairs(switches: Mapping[str, Sequence[Any]]) -> list[Row]:
    """The rows, few of them: each takes as many pairs that have not met as it can. The same every time."""
    names = list(switches)
    missing = {
        ((one, i), (other, j))
        for one, other in combinations(names, 2)
        for i in range(len(switches[one]))
        for j in range(len(switches[other]))
    }
    rows = []
    while missing:
        chosen = dict(min(missing))
        for name in names:
            if name not in chosen:
                chosen[name] = max(
                    range(len(switches[name])),
                    key=lambda place, name=name, chosen=chosen: sum(
                        _pair(names, (name, place), other) in missing for other in chosen.items()
                    ),
                )
        missing -= {_pair(names, one, other) for one, other in combinations(chosen.items(), 2)}
        rows.append({name: switches[name][chosen[name]] for name in names})
    return rows


def _pair(names: Sequence[str], one: Place, other: Place) -> tuple[Place, Place]:
    return (one, other) if names.index(one[0]) < names.index(other[0]) else (other, one)

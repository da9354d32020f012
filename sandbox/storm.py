"""A storm: whatever can go wrong goes wrong at once, at any provider, by chance that can be repeated.

Errors of all kinds, torn connections and broken bodies by rate; switches of the room set for as long as the
storm lasts; stock that changes, goes and comes back after an answer was made, so between two pages of one
scan. What a request meets depends on the seed, on what is asked and on how often that was asked before: not
on the order in which requests of several threads arrive.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sandbox.faults import Fault
from sandbox.record import Call
from sandbox.rooms import ROOMS

if TYPE_CHECKING:
    from sandbox import Sandbox

FAULTS = (
    Fault("status", 429),
    Fault("status", 429, retry_after="0"),
    Fault("status", 500),
    Fault("status", 502),
    Fault("status", 503, retry_after="0"),
    Fault("status", 504),
    Fault("html", 502),
    Fault("html", 200),
    Fault("truncated"),
    Fault("invalid_json"),
    Fault("empty"),
    Fault("reset"),
    Fault("cut"),
)
"""What passes when it is asked again. Each is as likely as the others."""
RARE = (Fault("status", 429, retry_after="1"), Fault("status", 401))
"""What takes a while, and what ends an account's read: a token that was good a moment ago."""
RARE_SHARE = 0.03
"""Of what goes wrong."""
SLOW_SHARE = 0.05
"""Of what goes wrong: answers that take longer than the client waits."""
STEPS = (0.001, 1.0, 17.0, 61.0)
"""Seconds by which time passes between two answers."""
GONE_SHARE = 0.05
"""Of the stock records; more are never gone at once."""


@dataclass(frozen=True)
class Move:
    """Something that happened to the data while it was read."""

    provider: str
    kind: str
    """`change`, `remove`, `bring_back` or `advance`."""
    key: tuple[str, ...] = ()


@dataclass
class Storm:
    """Bad weather until `calm`. Use as a context manager, or call calm."""

    sandbox: "Sandbox"
    seed: int
    """Of all chance."""
    rate: float
    """How many of the requests go wrong, 0 to 1."""
    move_rate: float
    """After how many of the answers the data moves, 0 to 1."""
    slow_seconds: float
    """How long an answer takes that is too slow: the caller shortens the client's patience. 0: none is."""
    providers: Sequence[str]
    """Over these only."""
    moved: Callable[[Move], None] | None
    """Called after each move, with the world locked."""
    moves: list[Move] = field(default_factory=list)
    """What has moved so far."""

    def __post_init__(self) -> None:
        for share in (self.rate, self.move_rate):
            if not 0 <= share <= 1:
                raise ValueError(f"{share} is no share: it lies between 0 and 1")
        self._asked: Counter[str] = Counter()
        self._before: dict[str, dict[str, Any]] = {}
        self.switches = {name: self._drawn(name) for name in self.providers}
        """What it sets, per provider."""

    def __enter__(self) -> "Storm":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.calm()

    def calm(self) -> None:
        """Ends it: every switch is as it was before. What has moved stays moved."""
        self.sandbox.calm()

    def begin(self) -> None:
        """Sets the switches."""
        for provider, values in self.switches.items():
            switches = self.sandbox.switches[provider]
            self._before[provider] = {name: getattr(switches, name) for name in values}
            for name, value in values.items():
                setattr(switches, name, value)

    def end(self) -> None:
        """Sets the switches back."""
        for provider, values in self._before.items():
            for name, value in values.items():
                setattr(self.sandbox.switches[provider], name, value)
        self._before.clear()

    def draw(self, provider: str, call: Call) -> tuple[Fault | None, random.Random]:
        """The fault of a request, if any, and the chance that decides what happens after it."""
        asked = json.dumps([provider, call.method, call.path, call.params, call.body], sort_keys=True)
        digest = hashlib.sha256(asked.encode()).hexdigest()
        chance = _chance(f"{self.seed} {digest} {self._asked[digest]}")
        self._asked[digest] += 1
        if provider not in self.providers or chance.random() >= self.rate:
            return None, chance
        share = chance.random()
        fault = chance.choice(FAULTS)
        if share < RARE_SHARE:
            fault = chance.choice(RARE)
        elif share < RARE_SHARE + SLOW_SHARE and self.slow_seconds:
            fault = Fault("slow", seconds=self.slow_seconds)
        return fault, chance

    def pass_over(self, provider: str, chance: random.Random) -> None:
        """Moves the data, perhaps, now that an answer is made."""
        if provider not in self.providers or chance.random() >= self.move_rate:
            return
        world = self.sandbox.world
        share, place = chance.random(), chance.randrange(2**32)
        move = None
        if share < 0.15:
            if world.gone(provider) < GONE_SHARE * len(world.stock(provider)):
                move = Move(provider, "remove", world.remove(provider, place))
        elif share < 0.3:
            if world.gone(provider):
                move = Move(provider, "bring_back", world.bring_back(provider, place))
        elif share < 0.8:
            if world.stock(provider):
                move = Move(provider, "change", world.change_one(provider, place))
        else:
            self.sandbox.clock.advance(seconds=STEPS[place % len(STEPS)])
            move = Move(provider, "advance")
        if move is not None:
            self.moves.append(move)
            if self.moved is not None:
                self.moved(move)

    def _drawn(self, provider: str) -> dict[str, Any]:
        """A value for about every other switch that the room has for a storm."""
        chance = _chance(f"{self.seed} {provider}")
        drawn = {name: chance.choice(values) for name, values in ROOMS[provider].storm.items()}
        return {name: value for name, value in drawn.items() if chance.random() < 0.5}


def _chance(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311  chance that can be repeated, nothing secret

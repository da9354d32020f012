"""Plays a schedule: what happens, and what must be true after each step."""

import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from pipelines.registry import PROVIDERS
from sandbox import Move, Sandbox
from sources._shared.settings import Resource
from tests.simulation.adapter import Account, Command, Death, Died, Inside, Row, inside, read
from tests.simulation.schedule import Schedule
from tests.simulation.worlds import world_of
from tests.soak.edits import EDITS
from tests.soak.model import Key, Model, Place, canonical, windowed
from tests.switch_values import switch_values

SETTLED = timedelta(minutes=3)
"""So long after a change, at most, every provider shows it (the longest lag is two minutes)."""
MOST_GONE = 0.2
"""Of the stock; more would undercut the floor, which has a step of its own."""
MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
SETTINGS: dict[str, tuple[dict[str, Any], ...]] = {
    "sellercloud": ({}, {"warehouses": ["all"]}),
    "ventmere_s2": (
        {},
        {"access_token": "", "email": "loader@example.com", "password": "sandbox-s2-password"},
    ),
}
"""What the accounts are told beside what they must be told."""
PARENTS = {"item_inventory": "items", "warehouse_inventory": "warehouses"}


@dataclass
class Shelves(Model):
    """What must be true of the dictionary that is the warehouse."""

    account: Account = field(kw_only=True)

    def look(self) -> dict[Place, dict[Key, str]]:
        return {
            place: {key: canonical(payload) for key, (_, payload) in self.account.held[place[1]].items()}
            for place in self.places
        }


values_of = cache(switch_values)


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311  chance that can be repeated, nothing secret


class Broken(Exception):  # noqa: N818  what a schedule has found
    """A rule is broken. The cause says which."""

    def __init__(self, schedule: Schedule, step: int, cause: BaseException) -> None:
        super().__init__(schedule, step)
        self.schedule = schedule
        self.step = step
        self.cause = cause

    @property
    def kind(self) -> str:
        """What is broken, without the names in it."""
        return type(self.cause).__name__


@contextmanager
def journals() -> Iterator[Path]:
    """A folder for the pages of first reads, in memory where there is such a place."""
    folder = tempfile.mkdtemp(prefix="simulation-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def play(schedule: Schedule, folder: Path) -> None:
    """Plays a schedule to its end: a run without disturbance and a sweep, after which all is as it is true.

    Raises:
        Broken: it broke a rule.
    """
    for left in folder.iterdir():
        left.unlink()
    random.seed(schedule.world)
    with ExitStack() as stack:
        player = Player(schedule, folder, stack)
        steps = (*schedule.steps, ("run", True), ("sweep_and_confirm",))
        for number, (name, *numbers) in enumerate(steps):
            try:
                getattr(player, name)(*numbers)
            except Exception as error:
                raise Broken(schedule, number, error) from error


class Player:
    """One account of one provider; every method is a step of a schedule."""

    def __init__(self, schedule: Schedule, folder: Path, stack: ExitStack) -> None:
        provider = self.provider = schedule.provider
        self.sandbox = Sandbox(providers=[provider], world=world_of(provider, schedule.world))
        self.world = self.sandbox.world
        if schedule.assumed is not None:
            random_ = chance(schedule.assumed)
            for name, values in values_of(provider).items():
                setattr(self.sandbox.switches[provider], name, random_.choice(values))
        self.inside: Inside = stack.enter_context(
            inside(
                self.sandbox,
                Death(),
                folder,
                page=schedule.page,
                at_once=schedule.at_once,
                through_httpx=schedule.through_httpx,
            )
        )
        more = SETTINGS.get(provider, ({},))
        settings = {
            **self.sandbox.settings(provider),
            "base_url": self.sandbox.base_url(provider),
            **more[schedule.settings % len(more)],
        }
        self.account = Account(
            self.sandbox, provider, settings, resources_of(provider, settings, schedule.settings), folder,
            is_round_robin=schedule.is_round_robin,
        )  # fmt: skip
        self.resources = self.account.resources
        places = [(provider, one.name) for one in self.resources]
        self.model = Shelves(self.sandbox, places, account=self.account)

    # At the provider

    def change(self, first: int, count: int) -> None:
        for place in range(min(count, len(self.world.stock(self.provider)))):
            self.world.change_one(self.provider, first + place)
        self.model.note()

    def edit(self, which: int, seed: int) -> None:
        edits = EDITS[self.provider]
        try:
            edits[which % len(edits)](self.world.data[self.provider], chance(seed), self.sandbox)
        except IndexError:  # nothing of that kind is left to choose from
            return
        self.model.note()

    def remove(self, which: int) -> None:
        if self.world.gone(self.provider) < MOST_GONE * len(self.world.stock(self.provider)):
            self.sandbox.remove(self.provider, which)
            self.model.note()
            self.model.vanished(self.provider, while_read=False)

    def bring_back(self, which: int) -> None:
        if self.world.gone(self.provider):
            self.sandbox.bring_back(self.provider, which)
            self.model.note()

    def remove_many(self, share: float) -> None:
        for number in range(int(share * len(self.world.stock(self.provider)))):
            self.sandbox.remove(self.provider, number * 7)
        self.model.note()
        self.model.vanished(self.provider, while_read=False)

    def advance(self, seconds: float) -> None:
        self.sandbox.clock.advance(seconds=seconds)
        self.model.note()

    # At the reader

    def set_clock(self, seconds: float) -> None:
        self.inside.time.ahead = timedelta(seconds=seconds)

    def run(self, settled: bool) -> None:
        self._quiet(settled=settled)

    def sweep(self) -> None:
        self._quiet(Command(sweep=True))

    def sweep_and_confirm(self) -> None:
        self._quiet(Command(sweep=True, confirm_drop=True))

    def run_in_a_storm(self, seed: int, rate: float, moves: float, sweep: bool) -> None:
        with self._storm(seed, rate, moves):
            rows = self._work(Command(sweep=sweep))
        self.model.check(rows.values())

    def run_and_die(self, seed: int, rate: float, moves: float, sweep: bool, after: int, torn: bool) -> None:
        death = self.inside.death
        death.left = after
        try:
            with self._storm(seed, rate, moves):
                rows = self._work(Command(sweep=sweep))
        except Died:
            if torn:
                self._tear(seed)
            self.model.died()
        else:
            self.model.check(rows.values())
        finally:
            death.left = None

    def backfill(self, since: int, hours: int) -> None:
        if not windowed(self.provider, self.resources):
            return
        begin = self.sandbox.clock.now() - timedelta(hours=since)
        rows = self._work(Command(backfill=(begin, begin + timedelta(hours=hours))))
        self.model.check(rows.values())
        for row in rows.values():
            assert row["status"] == "ok", row["error_message"]

    def reset(self, which: int) -> None:
        name = self.resources[which].name if which < len(self.resources) else None
        self.account.forget(name)
        self.model.forget(self.provider, name)
        self.model.check([])

    # Parts

    def _quiet(self, command: Command | None = None, *, settled: bool = True) -> None:
        command = command or Command()
        if settled or self.model.shows_late:
            self.advance(SETTLED.total_seconds())
        begun, broken = self.sandbox.clock.now(), set(self.model.broken)
        rows = self._work(command)
        self.model.check(rows.values())
        self.model.check_quiet(rows, begun, broken, swept=command.sweep and command.confirm_drop)

    def _work(self, command: Command) -> Mapping[Place, Row]:
        self.model.begun = self.sandbox.clock.now()
        return {(row["provider"], row["resource"]): row for row in read(self.account, self.inside, command)}

    @contextmanager
    def _storm(self, seed: int, rate: float, moves: float) -> Iterator[None]:
        with self.sandbox.storm(seed, rate, moves=moves, slow_seconds=1.0, moved=self._moved):
            switches = self.sandbox.switches[self.provider]
            if getattr(switches, "overview", "") == "empty" and not self.model.marks:
                switches.overview = "whole"  # a first answer is believed, whatever it says
            # A total one too low, and nothing on the page after it: so answers an account without that row.
            if getattr(switches, "null_items_page", None) == 2 and switches.total_skew < 0:
                switches.null_items_page = 1
            yield

    def _moved(self, move: Move) -> None:
        self.model.note()
        if move.kind == "remove":
            self.model.vanished(move.provider, while_read=True)

    def _tear(self, seed: int) -> None:
        """The last bytes of a file were not written when the process died."""
        for path in sorted(self.account.journals.glob("*.journal")):
            size = path.stat().st_size
            os.truncate(path, max(0, size - chance(seed).randint(1, 40)))


def resources_of(provider: str, settings: Mapping[str, Any], number: int) -> tuple[Resource, ...]:
    """What is read: all there is of the account, or one resource of it with its parent."""
    resources = [
        one
        for one in PROVIDERS[provider].resources
        if one.only_if is None or settings.get(one.only_if, ["none"]) != ["none"]
    ]
    place = number // 4
    if place % 3 == 0:
        return tuple(resources)
    chosen = resources[place % len(resources)].name
    return tuple(one for one in resources if one.name in (chosen, PARENTS.get(chosen)))


def shrunk(broken: Broken, folder: Path) -> Broken:
    """The shortest schedule found, by leaving out steps, that breaks something in the same way."""
    best, size = broken, max(1, len(broken.schedule.steps) // 2)
    while size:
        place = 0
        while place < len(best.schedule.steps):
            try:
                play(best.schedule.without(place, size), folder)
            except Broken as again:
                if again.kind == best.kind:
                    best = again
                    continue
            place += size
        size //= 2
    return best

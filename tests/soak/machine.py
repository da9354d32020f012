"""The machine that draws schedules: providers that change, a Stocktake that runs, weathers storms, dies."""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pipelines.config import load_config
from pipelines.log import Reporter
from pipelines.run import run
from sandbox import Move, Sandbox
from sandbox.day import Day
from sandbox.rooms import ROOMS
from sources._shared import http
from tests.conftest import Project
from tests.soak.child import WAIT, running
from tests.soak.edits import EDITS
from tests.soak.history import WarehouseModel
from tests.soak.model import Row, windowed
from tests.switch_values import switch_values

SETTLED = timedelta(minutes=3)
"""So long after a change, at most, every provider shows it (the longest `lag` is two minutes)."""
PATIENCE = 0.4
"""Seconds that a client waits for an answer in a storm."""
MOST_GONE = 0.1
"""Of the stock; more would undercut the floor, which has a rule of its own."""
STEPS = ("extract", "normalize", "load")
MORE_SETTINGS: dict[str, list[dict[str, Any]]] = {
    "sellercloud": [{}, {"warehouses": ["all"]}],
    "ventmere_s2": [
        {},
        {"access_token": "", "email": "loader@example.com", "password": "sandbox-s2-password"},
    ],
}
"""What the accounts are told beside what they must be told; one of them is drawn."""
numbers = st.integers(0, 2**16)


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311  chance that can be repeated, nothing secret


class Stocktaking(RuleBasedStateMachine):
    """One folder, one sandbox; every rule is something that happens on one of many days."""

    begun = 0
    """How many schedules there were in this process."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.kills = 0
        self.mass_removals = 0

    @initialize(
        chosen=st.lists(st.sampled_from(sorted(ROOMS)), min_size=1, max_size=2, unique=True),
        seed=st.integers(0, 999),
        settings=numbers,
        assumed=st.none() | numbers,
        at_once=st.sampled_from([1, 4]),
    )
    def begin(self, chosen: list[str], seed: int, settings: int, assumed: int | None, at_once: int) -> None:
        Stocktaking.begun += 1
        folder = Path(tempfile.mkdtemp(prefix="soak-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.sandbox = self._stack.enter_context(Sandbox(seed=seed, providers=sorted(chosen)))
        if assumed is not None:
            self._assume(chance(assumed))
        self.project = Project(folder, self.sandbox)
        self._stack.callback(os.chdir, Path.cwd())
        os.chdir(folder)
        self._stack.enter_context(mock.patch.object(http, "LONGEST_WAIT", WAIT))
        accounts = {}
        for provider in self.sandbox.providers:
            choices = MORE_SETTINGS.get(provider, [{}])
            accounts[provider] = self.project.account(provider, **choices[settings % len(choices)])
        self.project.configure(accounts, accounts_at_once=at_once)
        self.config = load_config(folder)
        self.asked = {name: self.config.accounts[name].resources for name in self.sandbox.providers}
        places = [(name, one.name) for name, resources in self.asked.items() for one in resources]
        self.model = WarehouseModel(self.sandbox, places, project=self.project)

    # At the providers

    @rule(count=st.integers(1, 4))
    def change(self, count: int) -> None:
        self.sandbox.change(count)
        self.model.note()

    @rule(place=numbers, which=numbers, seed=numbers)
    def edit(self, place: int, which: int, seed: int) -> None:
        provider = self._provider(place)
        edits = EDITS[provider]
        edits[which % len(edits)](self.sandbox.world.data[provider], chance(seed), self.sandbox)
        self.model.note()

    @rule(place=numbers, which=numbers)
    def remove(self, place: int, which: int) -> None:
        provider = self._provider(place)
        world = self.sandbox.world
        if world.gone(provider) < MOST_GONE * len(world.stock(provider)):
            self.sandbox.remove(provider, which)
            self.model.note()
            self.model.vanished(provider, while_read=False)

    @rule(place=numbers, which=numbers)
    def bring_back(self, place: int, which: int) -> None:
        provider = self._provider(place)
        if self.sandbox.world.gone(provider):
            self.sandbox.bring_back(provider, which)
            self.model.note()

    @precondition(lambda self: not self.mass_removals)
    @rule(place=numbers, share=st.sampled_from([0.15, 0.3, 0.6]))
    def remove_many(self, place: int, share: float) -> None:
        self.mass_removals += 1
        provider = self._provider(place)
        for number in range(int(share * len(self.sandbox.world.stock(provider)))):
            self.sandbox.remove(provider, number * 7)
        self.model.note()
        self.model.vanished(provider, while_read=False)

    @rule(place=numbers, seed=numbers)
    def live_a_day(self, place: int, seed: int) -> None:
        provider = self._provider(place)
        world = self.sandbox.world
        if world.gone(provider) < MOST_GONE * len(world.stock(provider)):
            day = Day(chance(seed), partial(world._later, provider), world._new_good)
            ROOMS[provider].live(world.data[provider], day)
            self.model.note()

    @rule(seconds=st.sampled_from([0.001, 1, 59, 601, 3600, 3 * 24 * 3600]))
    def advance(self, seconds: float) -> None:
        self._pass(seconds)

    # Stocktake

    @rule(settled=st.booleans())
    def run(self, settled: bool) -> None:
        self._quiet(settled=settled)

    @rule()
    def sweep(self) -> None:
        self._quiet(sweep=True)

    @rule()
    def sweep_and_confirm(self) -> None:
        self._quiet(sweep=True, confirm_drop=True)

    @rule(
        seed=numbers,
        rate=st.sampled_from([0.0, 0.05, 0.2, 0.5]),
        moves=st.sampled_from([0.0, 0.1, 0.5]),
        sweep=st.booleans(),
    )
    def run_in_a_storm(self, seed: int, rate: float, moves: float, sweep: bool) -> None:
        with self._storm(seed, rate, moves):
            rows = self._work(sweep=sweep)
        self.model.check(rows.values())

    @precondition(lambda self: self.kills < 2)
    @rule(
        step=st.sampled_from(STEPS),
        after=st.sampled_from([0.0, 0.03, 0.08, 0.2]),
        rate=st.sampled_from([0.0, 0.2]),
        seed=numbers,
        sweep=st.booleans(),
    )
    def run_and_die(self, step: str, after: float, rate: float, seed: int, sweep: bool) -> None:
        self.kills += 1
        with self._storm(seed, rate, rate):
            self._kill(step, after, sweep)
        self.model.died()

    @rule(since=st.integers(0, 100), hours=st.integers(1, 100))
    def backfill(self, since: int, hours: int) -> None:
        if not any(windowed(name, resources) for name, resources in self.asked.items()):
            return
        begin = self.sandbox.clock.now() - timedelta(hours=since)
        rows = self._work(backfill=(begin, begin + timedelta(hours=hours)))
        self.model.check(rows.values())
        for row in rows.values():
            assert row["status"] == "ok", row["error_message"]

    @rule(place=numbers, which=st.none() | numbers)
    def reset(self, place: int, which: int | None) -> None:
        provider = self._provider(place)
        resources = self.asked[provider]
        resource = None if which is None else resources[which % len(resources)].name
        self.project.stocktake(
            "reset", "--account", provider, "--yes", *(["--resource", resource] if resource else [])
        )
        self.model.forget(provider, resource)
        self.model.check([])

    def teardown(self) -> None:
        """However it went: a run without disturbance, then a sweep, and the warehouse is what is true."""
        try:
            if hasattr(self, "model") and sys.exc_info()[0] is None:
                self._quiet()
                self._quiet(sweep=True, confirm_drop=True)
        finally:
            self._stack.close()

    # Parts

    def _assume(self, random: Random) -> None:
        """Any of what the providers' notes leave open; without a word, they are as the notes expect them."""
        for provider in self.sandbox.providers:
            for name, values in switch_values(provider).items():
                setattr(self.sandbox.switches[provider], name, random.choice(values))

    def _pass(self, seconds: float) -> None:
        self.sandbox.clock.advance(seconds=seconds)
        self.model.note()  # a day ends, a change shows late

    def _provider(self, place: int) -> str:
        return self.sandbox.providers[place % len(self.sandbox.providers)]

    def _quiet(self, *, settled: bool = True, sweep: bool = False, confirm_drop: bool = False) -> None:
        if settled or self.model.shows_late:
            self._pass(SETTLED.total_seconds())
        begun, broken = self.sandbox.clock.now(), set(self.model.broken)
        rows = self._work(sweep=sweep, confirm_drop=confirm_drop)
        self.model.check(rows.values())
        self.model.check_quiet(rows, begun, broken, swept=sweep and confirm_drop)

    def _work(
        self,
        *,
        sweep: bool = False,
        confirm_drop: bool = False,
        backfill: tuple[datetime, datetime] | None = None,
    ) -> dict[tuple[str, str], Row]:
        """One run in this process, without models; the sync log's rows by provider and resource."""
        self.model.begun = self.sandbox.clock.now()
        accounts = [self.config.accounts[name] for name in self.sandbox.providers]
        if backfill is not None:
            accounts = [one for one in accounts if windowed(one.name, one.resources)]
        result = run(
            self.config,
            accounts,
            Reporter(),
            command="load",
            build_models=False,
            publish_tables=False,
            options=self.config.read_options(sweep=sweep, confirm_drop=confirm_drop, backfill=backfill),
        )
        rows = [row for account in result.accounts for row in account.rows]
        assert {row["account"] for row in rows} == {account.name for account in accounts}
        return {(row["provider"], row["resource"]): row for row in rows}

    @contextmanager
    def _storm(self, seed: int, rate: float, moves: float) -> Iterator[None]:
        made = http.ApiClient.__init__

        def make(client: http.ApiClient, *arguments: Any, **more: Any) -> None:
            made(client, *arguments, **more)
            client._timeout = httpx.Timeout(PATIENCE, connect=10.0)

        with (
            mock.patch.object(http.ApiClient, "__init__", make),
            self.sandbox.storm(seed, rate, moves=moves, slow_seconds=2 * PATIENCE, moved=self._moved),
        ):
            yield

    def _moved(self, move: Move) -> None:
        self.model.note()
        if move.kind == "remove":
            self.model.vanished(move.provider, while_read=True)

    def _kill(self, step: str, after: float, sweep: bool) -> None:
        """A run in a process of its own; it dies as soon as it says that a step begins, or a moment later."""
        with running(Path.cwd(), "load", "--log-format", "json", *(["--sweep"] if sweep else [])) as (
            events,
            process,
        ):
            for line in events:
                event: Mapping[str, Any] = json.loads(line)
                if event["event"] == "step" and event["step"] == step:
                    time.sleep(after)
                    process.kill()
                    break
            events.read()

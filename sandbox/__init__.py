"""The providers' APIs on localhost, with make-believe stock.

For tests, demos and for building against without an account::

    from sandbox import Sandbox

    with Sandbox(seed=7, size="S") as sandbox:
        print(sandbox.base_url("square"), sandbox.settings("square"))
        sandbox.change(3)                      # three stock records of every provider, now
        sandbox.clock.advance(hours=1)
        sandbox.switches["square"].cursor_ttl_seconds = 0
        sandbox.faults["square"].next(Fault("status", 429, retry_after="1"))
        sandbox.drift("square", "locations", add={"floor": 2}, drop=["mcc"])
        with sandbox.storm(seed=1, rate=0.2):  # everything goes wrong at once, and data moves meanwhile
            ...
        sandbox.truth("square", "inventory_counts")
        sandbox.requests[-1].path

One deterministic world stands behind all of them: the same seed, size and start give the same bytes. Its
clock stands still unless advanced, and is the Date of every answer. Written from the provider notes; it
imports nothing from sources/ or pipelines/. Over HTTP the same is under `/_sandbox/` (see control.py).
"""

import gzip
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any

from sandbox.clock import Clock
from sandbox.control import Control
from sandbox.drift import Drift, Type, drifted
from sandbox.faults import Fault, Faults
from sandbox.json_text import json_bytes
from sandbox.record import Asked, Call, Reply
from sandbox.rooms import ROOMS
from sandbox.server import Application, Server
from sandbox.storm import Move, Storm
from sandbox.world import SIZES, Size, World

__all__ = ["SIZES", "Asked", "Fault", "Move", "Sandbox", "Storm"]

START = "2026-01-05T08:00:00Z"


class Sandbox:
    """A server and the world behind it. Use as a context manager, or call start and stop.

    Args:
        size: S has some hundred counts, M ten times as many, L above 100,000.
        start: the first moment of its clock, ISO 8601 in UTC.
        providers: serve these only; all by default.
        ticking: let the clock run along with real time.
        port: 0 picks a free one.
        world: one that is there already, with its own clock; seed, size and start say nothing then.
    """

    def __init__(
        self,
        seed: int = 7,
        size: Size = "S",
        start: str = START,
        *,
        providers: Sequence[str] = tuple(ROOMS),
        ticking: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        world: World | None = None,
    ) -> None:
        if world is None:
            clock = Clock(datetime.fromisoformat(start).astimezone(UTC), ticking=ticking)
            world = World(seed, size, clock, providers)
        self.clock = world.clock
        self.world = world
        self.switches: dict[str, Any] = {name: ROOMS[name].switches() for name in providers}
        self.apis: dict[str, Any] = {
            name: ROOMS[name].api(data, self.switches[name], self.clock, partial(self._address, name))
            for name, data in self.world.data.items()
        }
        """The providers' rooms, for what only one of them has."""
        self.faults = {provider: Faults(seed) for provider in self.apis}
        self.drifts: dict[str, dict[str, Drift]] = {provider: {} for provider in self.apis}
        """How records look otherwise now, by provider and resource; see `drift`."""
        self.rewrites: dict[str, Callable[[str, Reply], None]] = {}
        """By provider, what is done to every answer before it is sent, given its path: one record that is
        odd, a header that is, a status. The truth does not follow."""
        self._application = Application(
            self.clock, self.apis, self.faults, Control(self).answer, self._drifted
        )
        self._storm: Storm | None = None
        self._place = host, port
        self._server: Server | None = None

    def start(self) -> "Sandbox":
        """Serves; returns when requests are answered."""
        self._server = Server(self._application, *self._place)
        self._place = self._server.start()
        return self

    def stop(self) -> None:
        """Ends serving."""
        if self._server is not None:
            self._server.stop()

    def move_to(self, port: int) -> None:
        """Serves at another port from now on."""
        self.stop()
        self._place = self._place[0], port
        self.start()

    def exchange(self, provider: str, call: Call) -> tuple[Reply, Fault | None, datetime]:
        """What a request meets, without a socket: the answer, the fault on its way, and the moment."""
        return self._application.exchange(provider, call)

    def __enter__(self) -> "Sandbox":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it is served."""
        return "http://{}:{}".format(*self._place)

    @property
    def port(self) -> int:
        """Where it is served on its host."""
        return self._place[1]

    @property
    def providers(self) -> list[str]:
        """The providers that are served."""
        return list(self.apis)

    @property
    def requests(self) -> list[Asked]:
        """Every request so far, oldest first."""
        return self._application.requests

    def base_url(self, provider: str) -> str:
        """A provider's base URL."""
        return f"{self._address(provider)}{self.apis[provider].base_path}"

    def _address(self, provider: str) -> str:
        return f"{self.url}/{provider}"

    def settings(self, provider: str) -> dict[str, str]:
        """What an account must be told beside the base URL, credentials that work included."""
        return dict(self.apis[provider].settings)

    def truth(self, provider: str, resource: str) -> Mapping[tuple[str, ...], dict[str, Any]]:
        """Every record of a resource as it would be served now, by key.

        Raises:
            KeyError: there is no such provider or resource.
        """
        with self._application.world_lock:
            found: Mapping[tuple[str, ...], dict[str, Any]] = self.apis[provider].truth(resource)
            places = ROOMS[provider].records.get(resource, ())
            for name, drift in self.drifts[provider].items():
                if set(places) & set(ROOMS[provider].records[name]):
                    found = {
                        key: json.loads(drifted(json_bytes(record), "", drift.apply))
                        for key, record in found.items()
                    }
            return found

    def texts(self, provider: str, resource: str) -> dict[tuple[str, ...], str | bytes]:
        """The truth as text, as it is without any drift."""
        with self._application.world_lock:
            return dict(self.apis[provider].records(resource))

    def drift(
        self,
        provider: str,
        resource: str,
        *,
        add: Mapping[str, Any] | None = None,
        drop: Sequence[str] = (),
        retype: Mapping[str, Type] | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> None:
        """Lets fields of all records of a resource appear, disappear or change their type.

        Answers and truth follow. It takes the place of what was said of the resource before; without
        anything, all is as it was.

        Args:
            add: values by path, such as `level.available`; see sandbox/drift.py.
            drop: paths.
            retype: `text` or `number` by path.
            where: only in records that say this at these paths.

        Raises:
            KeyError: there is no such provider or resource.
            ValueError: there is no such type.
        """
        if resource not in ROOMS[provider].records:
            raise KeyError(f"{provider} has no {resource}")
        with self._application.world_lock:
            self.drifts[provider][resource] = Drift(
                dict(add or {}), tuple(drop), dict(retype or {}), dict(where or {})
            )

    def _drifted(self, provider: str, path: str, reply: Reply) -> Reply:
        """An answer as it is told under the drifts and the rewrite of the moment."""
        if provider in self.rewrites:
            self.rewrites[provider](path, reply)
        if reply.status != 200:
            return reply
        for resource, drift in self.drifts[provider].items():
            for pattern, member in ROOMS[provider].records[resource]:
                if re.fullmatch(pattern, path, re.IGNORECASE):
                    is_zipped = reply.headers.get("Content-Encoding") == "gzip"
                    body = gzip.decompress(reply.body) if is_zipped else reply.body
                    body = drifted(body, member, drift.apply)
                    reply.body = gzip.compress(body) if is_zipped else body
        return reply

    def change(self, count: int) -> dict[str, list[tuple[str, ...]]]:
        """Changes exactly so many stock records of every provider, now; returns their keys."""
        with self._application.world_lock:
            return self.world.change(count)

    def remove(self, provider: str, place: int = 0) -> tuple[str, ...]:
        """Lets a stock record vanish, the one at that place of those there are; returns its key."""
        with self._application.world_lock:
            return self.world.remove(provider, place)

    def bring_back(self, provider: str, place: int = 0) -> tuple[str, ...]:
        """Brings one back that was removed, now; returns its key."""
        with self._application.world_lock:
            return self.world.bring_back(provider, place)

    def storm(
        self,
        seed: int = 1,
        rate: float = 0.2,
        *,
        moves: float | None = None,
        slow_seconds: float = 0.0,
        providers: Sequence[str] | None = None,
        moved: Callable[[Move], None] | None = None,
    ) -> Storm:
        """Lets everything go wrong at once, from now until `calm` or the end of a `with` block.

        Args:
            seed: the same seed does the same to the same questions.
            rate: how many of the requests go wrong, 0 to 1.
            moves: after how many of the answers the data moves, 0 to 1; as many as go wrong, by default.
            slow_seconds: how long an answer takes that is too slow, where the client's patience is shorter.
            providers: over these only.
            moved: called after each move.

        Raises:
            KeyError: there is no such provider.
            ValueError: a rate is no share.
        """
        with self._application.world_lock:
            self.calm()
            move_rate = rate if moves is None else moves
            over = self.providers if providers is None else providers
            storm = Storm(self, seed, rate, move_rate, slow_seconds, over, moved)
            storm.begin()
            self._storm = self._application.weather = storm
            return storm

    def calm(self) -> None:
        """Ends the storm, if there is one: every switch is as it was before it."""
        with self._application.world_lock:
            if self._storm is not None:
                self._storm.end()
            self._storm = self._application.weather = None

    def simulate_day(self) -> dict[str, dict[str, set[tuple[str, ...]]]]:
        """A plausible day: the clock moves 24 hours on and stock moves with it.

        Returns:
            The keys whose records are otherwise than before, per provider and resource.
        """
        with self._application.world_lock:
            before, end = self._truths(), self.clock.now().timestamp() + 24 * 3600
            self.world.simulate_day()
            self.clock.advance(seconds=max(0.0, end - self.clock.now().timestamp()))
            return {
                provider: {
                    resource: {key for key in old.keys() | now.keys() if old.get(key) != now.get(key)}
                    for (resource, old), now in zip(before[provider].items(), found.values(), strict=True)
                }
                for provider, found in self._truths().items()
            }

    def _truths(self) -> dict[str, dict[str, Mapping[tuple[str, ...], dict[str, Any]]]]:
        """The truth of every resource, by provider."""
        return {
            provider: {resource: self.truth(provider, resource) for resource in ROOMS[provider].records}
            for provider in self.providers
        }

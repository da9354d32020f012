"""The providers' APIs on localhost, with make-believe stock.

For tests, demos and for building against without an account::

    from sandbox import Sandbox

    with Sandbox(seed=7, size="S") as sandbox:
        print(sandbox.base_url("square"), sandbox.token("square"))
        sandbox.change(3)                      # three counts and three levels, now
        sandbox.clock.advance(hours=1)
        sandbox.switches["square"].cursor_ttl_seconds = 0
        sandbox.faults["square"].next(Fault("status", 429, retry_after="1"))
        sandbox.truth("square", "inventory_counts")
        sandbox.requests[-1].path

One deterministic world stands behind all of them: the same seed, size and start give the same bytes. Its
clock stands still unless advanced, and is the Date of every answer. Written from the provider notes; it
imports nothing from sources/ or pipelines/. Over HTTP the same is under `/_sandbox/` (see control.py).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from sandbox.clock import Clock
from sandbox.control import Control
from sandbox.faults import Fault, Faults
from sandbox.record import Asked
from sandbox.server import Api, Application, Server
from sandbox.square import SquareApi, SquareSwitches
from sandbox.ventmere_s2 import VentmereS2Api, VentmereS2Switches
from sandbox.world import SIZES, Day, Size, World

__all__ = ["SIZES", "Asked", "Day", "Fault", "Sandbox"]

START = "2026-01-05T08:00:00Z"


class Sandbox:
    """A server and the world behind it. Use as a context manager, or call start and stop.

    Args:
        size: S has some hundred counts, M ten times as many, L above 100,000.
        start: the first moment of its clock, ISO 8601 in UTC.
        ticking: let the clock run along with real time.
        port: 0 picks a free one.
    """

    def __init__(
        self,
        seed: int = 7,
        size: Size = "S",
        start: str = START,
        *,
        ticking: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.clock = Clock(datetime.fromisoformat(start).astimezone(UTC), ticking=ticking)
        self.world = World(seed, size, self.clock)
        square, s2 = SquareSwitches(), VentmereS2Switches()
        self.switches = _Switches(square, s2)
        self._square = SquareApi(self.world.square, square, self.clock)
        self._s2 = VentmereS2Api(self.world.ventmere_s2, s2, self.clock)
        self._apis: dict[str, Api] = {"square": self._square, "ventmere_s2": self._s2}
        self.faults = {provider: Faults(seed) for provider in self._apis}
        self._application = Application(self.clock, self._apis, self.faults, Control(self).answer)
        self._server = Server(self._application, host, port)

    def start(self) -> "Sandbox":
        """Serves; returns when requests are answered."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Ends serving."""
        self._server.stop()

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
        return f"http://{self._server.host}:{self._server.port}"

    @property
    def providers(self) -> list[str]:
        """The providers that are served."""
        return list(self._apis)

    @property
    def requests(self) -> list[Asked]:
        """Every request so far, oldest first."""
        return self._application.requests

    def base_url(self, provider: str) -> str:
        """A provider's base URL."""
        if provider not in self._apis:
            raise KeyError(provider)
        return f"{self.url}/{provider}"

    def token(self, provider: str) -> str:
        """A token that works."""
        return self._apis[provider].token

    def credentials(self, provider: str) -> dict[str, str]:
        """What logs in, at providers with a login."""
        if provider != "ventmere_s2":
            raise KeyError(f"{provider} has no login")
        return self._s2.credentials

    @property
    def organization_id(self) -> str:
        """The S2 organisation."""
        return self._s2.organization_id

    def settings(self, provider: str) -> dict[str, str]:
        """What an account must be told beside base URL and token; in this world `available` is net."""
        if provider != "ventmere_s2":
            return {}
        return {"organization_id": self.organization_id, "available_basis": "net"}

    def truth(self, provider: str, resource: str) -> Mapping[tuple[str, ...], dict[str, Any]]:
        """Every record of a resource as it would be served now, by key.

        Raises:
            KeyError: there is no such provider or resource.
        """
        with self._application.world_lock:
            return self._apis[provider].truth(resource)

    def change(self, count: int) -> dict[str, list[tuple[str, ...]]]:
        """Changes exactly so many Square counts and S2 levels, now; returns their keys."""
        with self._application.world_lock:
            return self.world.change(count)

    def simulate_day(self) -> Day:
        """A plausible day: the clock moves 24 hours on and stock moves with it."""
        with self._application.world_lock:
            end = self.clock.now().timestamp() + 24 * 3600
            day = self.world.simulate_day()
            self.clock.advance(seconds=max(0.0, end - self.clock.now().timestamp()))
            return day


class _Switches(dict[str, Any]):
    """The switches of each provider, by name."""

    def __init__(self, square: SquareSwitches, ventmere_s2: VentmereS2Switches) -> None:
        super().__init__(square=square, ventmere_s2=ventmere_s2)

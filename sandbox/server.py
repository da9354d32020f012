"""The sandbox on a real socket: provider rooms under their prefixes, and its own controls."""

import asyncio
import contextlib
import json
import random
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, Protocol

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.clock import Clock
from sandbox.faults import Fault, Faults
from sandbox.kit import ProviderApi
from sandbox.record import Asked, Call, Reply, without_secrets

HTML_ERROR = b"<html><head><title>Bad gateway</title></head><body>upstream connect error</body></html>"


class Weather(Protocol):
    """What a storm does to requests."""

    def draw(self, provider: str, call: Call) -> tuple[Fault | None, random.Random]:
        """The fault of a request, if any, and the chance that decides what happens after it."""

    def pass_over(self, provider: str, chance: random.Random) -> None:
        """Moves the data, perhaps, now that an answer is made."""


class Application:
    """The ASGI application: `/<provider>/...` is the provider, `/_sandbox/...` the controls."""

    def __init__(
        self,
        clock: Clock,
        apis: Mapping[str, ProviderApi],
        faults: Mapping[str, Faults],
        control: Callable[[str, str, Any], Any],
        drifted: Callable[[str, str, Reply], Reply],
    ) -> None:
        self.requests: list[Asked] = []
        self._clock = clock
        self._apis = apis
        self._faults = faults
        self._control = control
        self._drifted = drifted
        self.weather: Weather | None = None
        """The storm of the moment, if there is one."""
        self.world_lock = threading.RLock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        request = Request(scope, receive)
        raw = await request.body()
        body = _parsed(raw)
        provider, _, rest = request.url.path.lstrip("/").partition("/")
        if provider == "_sandbox":
            await self._controlled(request.method, rest, body)(scope, receive, send)
            return
        if provider not in self._apis:
            await Response(status_code=404)(scope, receive, send)
            return
        call = Call(
            request.method,
            f"/{rest}",
            tuple(request.query_params.multi_items()),
            {name.lower(): value for name, value in request.headers.items()},
            body,
        )
        reply, fault, now = self.exchange(provider, call)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind == "reset":
            _reset(scope)
            return
        if fault is not None and fault.kind == "cut":
            await _cut(scope, send, _response(reply, now))
            return
        await _response(reply, now)(scope, receive, send)

    def exchange(self, provider: str, call: Call) -> tuple[Reply, Fault | None, datetime]:
        """The answer to a request, the fault it meets on its way, and the moment it was made.

        Raises:
            KeyError: there is no such provider.
        """
        with self.world_lock:
            fault, chance = self._faults[provider].draw(), None
            if self.weather is not None:
                stormy, chance = self.weather.draw(provider, call)
                fault = fault or stormy
            reply = _faulty_reply(fault, self._apis[provider])
            if reply is None:
                reply = self._drifted(provider, call.path, self._apis[provider].answer(call))
            reply.body = _faulty_body(reply.body, fault)
            headers, kept_body = without_secrets(call)
            now = self._clock.now()
            self.requests.append(
                Asked(
                    call.method,
                    call.path,
                    call.params,
                    headers,
                    kept_body,
                    provider,
                    reply.status,
                    reply.rows,
                    now,
                )
            )
            if self.weather is not None and chance is not None:
                self.weather.pass_over(provider, chance)
        return reply, fault, now

    def _controlled(self, method: str, path: str, body: Any) -> Response:
        try:
            with self.world_lock:
                answer = self._control(method, path, body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return Response(json.dumps({"message": str(error)}), 400, media_type="application/json")
        return Response(json.dumps(answer, ensure_ascii=False, default=str), media_type="application/json")


class Server:
    """Serves an application in a thread of its own until it is stopped."""

    def __init__(self, application: Application, host: str, port: int) -> None:
        # With the protocol named, asyncio turns Nagle's algorithm off: without, each answer waits 40 ms.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        config = uvicorn.Config(
            application,
            log_level="critical",
            access_log=False,
            lifespan="off",
            date_header=False,
            server_header=False,
            http=_Protocol,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=600,  # a client that is starved for a while finds its connection as it was
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="sandbox", daemon=True)

    def start(self) -> tuple[str, int]:
        """Returns host and port when the server answers."""
        self._socket.listen(128)
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            threading.Event().wait(0.005)
        host, port = self._socket.getsockname()
        return host, port

    def stop(self) -> None:
        """Returns when the thread has ended and the socket is closed."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


class _Protocol(H11Protocol):
    """Hands the transport to the application, so that a connection can be torn."""

    def handle_events(self) -> None:
        super().handle_events()
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope.setdefault("extensions", {})["sandbox.transport"] = self.transport


def _reset(scope: Any) -> None:
    """Tears the connection: the client sees a reset, not an answer."""
    transport = scope["extensions"]["sandbox.transport"]
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _cut(scope: Any, send: Any, response: Response) -> None:
    """Sends half of the body that the headers promise, and tears the connection."""
    start = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    await send(start)
    body = bytes(response.body)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await asyncio.sleep(0.01)  # a reset overtakes what is still on its way
    _reset(scope)


def _faulty_reply(fault: Fault | None, api: ProviderApi) -> Reply | None:
    if fault is None:
        return None
    if fault.kind == "status":
        headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
        return Reply(fault.status, api.failure(fault.status), headers=headers)
    if fault.kind == "html":
        return Reply(fault.status, HTML_ERROR, headers={"Content-Type": "text/html"})
    if fault.kind == "empty":
        return Reply(200, b"")
    return None


def _faulty_body(body: bytes, fault: Fault | None) -> bytes:
    if fault is not None and fault.kind == "truncated":
        return body[: len(body) // 2]
    if fault is not None and fault.kind == "invalid_json":
        return b"<<<" + body
    return body


def headers_of(reply: Reply, now: datetime) -> dict[str, str]:
    """What is sent before the body."""
    return {"Content-Type": "application/json", "Date": _http_date(now), **reply.headers}


@lru_cache(maxsize=16)
def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _response(reply: Reply, now: datetime) -> Response:
    return Response(reply.body, reply.status, headers_of(reply, now))


def _parsed(raw: bytes) -> Any:
    with contextlib.suppress(ValueError):
        return json.loads(raw)
    return None

"""The one place that knows how reading is built: what it takes, what it gives, and what it stands on.

`inside()` puts a simulation in the place of what lies outside: the network, the clock, dlt's state.
`extract` reads one account as pipelines/load.py does, up to the package that dlt would load.
"""

import gzip
import json
import logging
import pickle
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import httpx
import pyarrow as pa
import pytest

from pipelines.registry import PROVIDERS
from sandbox import Sandbox
from sandbox.record import Call
from sandbox.server import headers_of
from sources._shared import clock, http, pace, prefetch, resource, rows
from sources._shared import read as read_module
from sources._shared.errors import SourceError
from sources._shared.journal import journal_of
from sources._shared.options import Known, ReadOptions
from sources._shared.records import Keys
from sources._shared.result import ReadResult
from sources._shared.settings import Resource

Row = dict[str, Any]
Place = tuple[str, str]
PAGES = {
    "square": ("client.PAGE_LIMIT", "client.OBJECTS_AT_ONCE"),
    "sellercloud": ("client.PAGE_SIZE", "paging.PAGE_SIZE", "client.LARGEST_WINDOW"),
    "shipstream": ("client.PAGE_LIMIT",),
    "augno": ("client.PAGE_LIMIT", "client.CALLS_PER_PAGE"),
    "ventmere_s2": (),
}
"""What says how much comes at once, in each provider's modules."""


class Died(BaseException):
    """The process was killed here."""


class Time(clock.Clock):
    """The sandbox's time, told by a clock of ours that may be wrong. Who sleeps loses none of it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._slept = 0.0
        self.ahead = timedelta()
        """How far our clock is ahead of the provider's."""

    def now(self) -> datetime:
        return self._sandbox.clock.now() + self.ahead

    def monotonic(self) -> float:
        return self._sandbox.clock.now().timestamp() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds


@dataclass
class Death:
    """When the process dies: at the so manieth thing it does that somebody can see."""

    left: int | None = None
    torn: bool = False
    """Whether the last write of a file is torn."""

    def pass_by(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Died


# The network


@dataclass
class Sent:
    """A request."""

    method: str
    url: str
    params: Any
    json: Any
    headers: dict[str, str]


@dataclass(frozen=True)
class Response:
    """An answer, as much of it as ApiClient looks at."""

    status_code: int
    content: bytes
    headers: Mapping[str, str]

    @property
    def is_success(self) -> bool:
        return 200 <= self.status_code < 300


class Line:
    """In the place of httpx.Client: a call of the sandbox's application."""

    def __init__(self, api: http.ApiClient, exchange: Callable[[str, str, Any, Any, Any], Response]) -> None:
        self._api = api
        self._exchange = exchange

    def close(self) -> None:
        pass

    def build_request(self, method: str, url: str, *, params: Any = None, json: Any = None) -> Sent:
        return Sent(method, url, params, json, dict(self._api._headers))

    def request(self, method: str, url: str, *, params: Any = None, json: Any = None) -> Response:
        request = self.build_request(method, url, params=params, json=json)
        # Closed, as httpx does: a login that broke off must keep nobody waiting while its error lives.
        with closing(self._api._auth.auth_flow(request)) as flow:  # type: ignore[arg-type]
            sent: Any = next(flow)
            while True:
                self._api._before_request(sent)
                response = self._exchange(sent.method, sent.url, sent.params, sent.json, sent.headers)
                try:
                    sent = flow.send(response)  # type: ignore[arg-type]
                except StopIteration:
                    return response


class Transport(httpx.BaseTransport):
    """Below httpx itself: slower, and for schedules that want to know that it is no different."""

    def __init__(self, exchange: Callable[[str, str, Any, Any, Any], Response]) -> None:
        self._exchange = exchange

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        found = self._exchange(
            request.method, str(request.url), None, json.loads(body) if body else None, request.headers
        )
        told = {name: text for name, text in found.headers.items() if name != "Content-Encoding"}
        return httpx.Response(found.status_code, content=found.content, headers=told)


class Network:
    """What requests meet: the sandbox, its faults, and the death of the process before or after them."""

    def __init__(self, sandbox: Sandbox, death: Death) -> None:
        self._sandbox = sandbox
        self._death = death
        self._start = len(sandbox.url) + 1

    def exchange(self, method: str, url: str, params: Any, body: Any, headers: Mapping[str, str]) -> Response:
        self._death.pass_by()
        path, _, query = url[self._start :].partition("?")
        provider, _, path = path.partition("/")
        pairs = tuple(httpx.QueryParams(query).multi_items()) if query else ()
        if params:
            pairs = tuple(params.items() if isinstance(params, Mapping) else params)
        told = {name.lower(): text for name, text in headers.items()}
        call = Call(method, f"/{unquote(path) if '%' in path else path}", pairs, told, body)
        reply, fault, now = self._sandbox.exchange(provider, call)
        self._death.pass_by()
        match fault.kind if fault else "":
            case "slow":
                raise httpx.ReadTimeout("too slow")
            case "reset":
                raise httpx.ReadError("reset")
            case "cut":
                raise httpx.RemoteProtocolError("cut")
        content = reply.body
        if reply.headers.get("Content-Encoding") == "gzip":
            try:
                content = gzip.decompress(content)
            except (EOFError, OSError) as error:
                raise httpx.DecodingError(str(error)) from None
        return Response(reply.status, content, headers_of(reply, now))


class Pool:
    """In the place of a pool of threads: calls that are under way are made in an order that chance gives."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._waiting: list[Later] = []

    def submit(self, call: Callable[..., Any], *arguments: Any) -> "Later":
        later = Later(self, lambda: call(*arguments))
        self._waiting.append(later)
        return later

    def answer_one(self) -> None:
        place = random.randrange(len(self._waiting))  # noqa: S311  chance that can be repeated
        self._waiting.pop(place).answer()

    def shutdown(self, *, cancel_futures: bool) -> None:
        self._waiting.clear()


class Later:
    """In the place of a future."""

    def __init__(self, pool: Pool, call: Callable[[], Any]) -> None:
        self._pool = pool
        self._call = call
        self._is_done = False
        self._answer: Any = None
        self._error: SourceError | None = None

    def answer(self) -> None:
        try:
            self._answer = self._call()
        except SourceError as error:
            self._error = error
        self._is_done = True

    def result(self) -> Any:
        while not self._is_done:
            self._pool.answer_one()
        if self._error is not None:
            raise self._error
        return self._answer


# dlt


@dataclass(frozen=True)
class Fed:
    """In the place of a DltResource: its name and its rows."""

    resource: Resource
    read: Callable[[], Iterator[Any]]


@dataclass
class Rows:
    """In the place of ReadRows: the rows of one read, in rounds of which each has later versions."""

    schema: pa.Schema
    folder: Path | None
    name: str
    tables: list[pa.Table] = field(default_factory=list)
    rounds: list[list[tuple[Keys, str, str]]] = field(default_factory=list)
    """Keys, hash and payload."""
    is_whole: bool = False

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add(self, tables: Iterable[pa.Table]) -> None:
        self.tables.extend(tables)

    def handed_over(
        self, account: str, versions: rows.Versions, *, is_whole: bool = False
    ) -> Iterator["Rows"]:
        self.is_whole = is_whole
        names = [*self.schema.names[1:-4], "row_hash", "payload"]
        columns = [[value for table in self.tables for value in table[name].to_pylist()] for name in names]
        came = [(tuple(keys), row_hash, payload) for *keys, row_hash, payload in zip(*columns, strict=True)]
        not_first = {*versions.dropped, *(number for later in versions.rounds for number in later)}
        first = [number for number in range(len(came)) if number not in not_first]
        self.rounds = [[came[number] for number in numbers] for numbers in (first, *versions.rounds)]
        yield self


class State:
    """In the place of `dlt.current`: the state of the source and of its resources."""

    def __init__(self) -> None:
        self.of_source: dict[str, Any] = {}
        self.turn = ""

    def source_state(self) -> dict[str, Any]:
        return self.of_source

    def resource_state(self, name: str | None = None) -> dict[str, Any]:
        resources: dict[str, Any] = self.of_source.setdefault("resources", {})
        found: dict[str, Any] = resources.setdefault(name or self.turn, {})
        return found


@contextmanager
def inside(
    sandbox: Sandbox, death: Death, journals: Path, *, page: int | None, at_once: int, through_httpx: bool
) -> Iterator["Inside"]:
    """Puts the simulation in the place of all that lies outside of reading.

    Args:
        page: how many records come at once; None for as many as in life.
        at_once: how many requests are under way at a time.
    """
    network, state, time = Network(sandbox, death), State(), Time(sandbox)
    (provider,) = sandbox.providers

    def connect(api: http.ApiClient) -> Any:
        if api._client is None:
            api._client = Line(api, network.exchange)  # type: ignore[assignment]
        return api._client

    def httpx_client(**how: Any) -> httpx.Client:
        how.pop("verify")
        return real(**how, transport=Transport(network.exchange))

    real = httpx.Client
    with ExitStack() as stack:
        stack.enter_context(clock.using(time))
        log = logging.getLogger("sources")
        stack.callback(log.setLevel, log.level)
        log.setLevel(logging.ERROR)  # what is warned of by the thousand is what schedules are made of
        put = stack.enter_context(pytest.MonkeyPatch.context()).setattr
        put(resource, "versioned", Fed)
        put(resource, "dlt", SimpleNamespace(current=state))
        put(read_module, "ReadRows", Rows)
        put(rows, "ROWS_PER_TABLE", page or rows.ROWS_PER_TABLE)
        put(tempfile, "tempdir", str(journals))
        put(pace.Pace, "slow_to", lambda self, per_second: None)
        put(prefetch, "ThreadPoolExecutor", Pool)
        put(prefetch, "AT_ONCE", at_once)
        if through_httpx:
            put(httpx, "Client", httpx_client)
        else:
            put(http.ApiClient, "_open", connect)
        for path in PAGES[provider] if page else ():
            put(f"sources.{provider}.{path}", page)
        yield Inside(time, state, death)


@dataclass(frozen=True)
class Inside:
    """What a simulation holds in its hands."""

    time: Time
    state: State
    death: Death


# Reading and loading


@dataclass(frozen=True)
class Command:
    """What the command line says of a read."""

    sweep: bool = False
    confirm_drop: bool = False
    backfill: tuple[datetime, datetime] | None = None


@dataclass
class Package:
    """What was read and is not loaded: rows, and the state that goes with them."""

    state: dict[str, Any]
    rows: list[Rows]


@dataclass
class Account:
    """An account's side of the simulation: its warehouse and what dlt keeps."""

    sandbox: Sandbox
    provider: str
    settings: dict[str, Any]
    resources: tuple[Resource, ...]
    journals: Path
    is_round_robin: bool = False
    """Whether resources are read in turns, as plain dlt does, or one after the other, as Stocktake."""
    state: dict[str, Any] = field(default_factory=dict)
    held: dict[str, dict[Keys, tuple[str, str]]] = field(default_factory=dict)
    """Current rows: hash and payload by key and resource."""
    pending: Package | None = None

    def __post_init__(self) -> None:
        for one in self.resources:
            self.held[one.name] = {}

    def current(self, name: str) -> dict[Keys, Any]:
        """The current records of a resource, parsed."""
        return {key: json.loads(payload) for key, (_, payload) in self.held[name].items()}

    def forget(self, name: str | None) -> None:
        """As `stocktake reset`."""
        self.finish()
        for one in self.resources:
            if name in (None, one.name):
                self.held[one.name].clear()
                self.state.get("resources", {}).pop(one.name, None)
                (self.journals / f"{one.name}.journal").unlink(missing_ok=True)

    def finish(self) -> None:
        """Loads what an earlier run has left, as every run begins."""
        if self.pending is not None:
            package, self.pending = self.pending, None
            self.load(package)

    def load(self, package: Package) -> None:
        """As our destination loads: versions take the place of versions; what did not come of a whole read
        goes."""
        for read_rows in package.rows:
            held = self.held[read_rows.name]
            for number, found in enumerate(read_rows.rounds):
                came = {keys for keys, _, _ in found}
                assert len(came) == len(found), (
                    f"{self.provider} {read_rows.name}: a key comes twice in one round"
                )
                if number == 0 and read_rows.is_whole:
                    for key in held.keys() - came:
                        del held[key]
                held.update({keys: (row_hash, payload) for keys, row_hash, payload in found})
        self.state = package.state


def read(account: Account, inside: Inside, command: Command) -> list[Row]:
    """One run for one account; the sync log's rows.

    Raises:
        Died: where it was told to.
    """
    account.finish()
    results: dict[str, ReadResult] = {}
    options = ReadOptions(
        sweep=command.sweep,
        confirm_drop=command.confirm_drop,
        backfill=command.backfill,
        base_url=account.sandbox.base_url(account.provider),
        known=Known(
            current_rows={name: len(held) for name, held in account.held.items()},
            missing_keys=lambda name, came: account.held[name].keys() - _keys_in(came),
        ),
        journals=account.journals,
        raise_errors=False,
        ended=lambda result: results.update({result.resource: result}),
    )
    try:
        package = extract(account, inside, options)
    except SourceError as error:
        for one in account.resources:
            result = results.setdefault(one.name, ReadResult(one.name, "incremental", clock.now()))
            result.fail(error)
        return log_of(account, results.values())
    account.pending = package
    inside.death.pass_by()
    for result in results.values():
        if result.status != "failed":
            journal_of(account.journals, result.resource).remove()
        inside.death.pass_by()
    account.finish()
    return log_of(account, results.values())


def _keys_in(came: pa.Table) -> set[Keys]:
    return set(zip(*(column.to_pylist() for column in came.columns), strict=True))


def extract(account: Account, inside: Inside, options: ReadOptions) -> Package:
    """What dlt's extract gives: every resource read to its end, in the order that dlt takes them."""
    inside.state.of_source = pickle.loads(pickle.dumps(account.state))  # noqa: S301  quicker than deepcopy
    names = {one.name for one in account.resources}
    source = PROVIDERS[account.provider].source._f  # type: ignore[attr-defined]  without dlt's decorator
    made = source(account=account.provider, options=options, **account.settings)
    waiting = [(fed.resource.name, fed.read()) for fed in made if fed.resource.name in names]
    gathered: list[Rows] = []
    while waiting:
        name, tables = waiting.pop(0)
        inside.state.turn = name
        for found in tables:
            gathered.append(found)
            inside.death.pass_by()
            if account.is_round_robin:
                waiting.append((name, tables))
                break
    return Package(inside.state.of_source, gathered)


def log_of(account: Account, results: Iterable[ReadResult]) -> list[Row]:
    """The results as the sync log has them."""
    return [{**vars(result), "provider": account.provider} for result in results]

"""`stocktake dashboard`: the pages over HTTP, for whoever sits at this machine.

It reads, writes nothing, takes no lock, knows no login and logs no address. Every answer of a release is the
same for ever, so a page is made once and a browser that has it is told so.
"""

import csv
import io
import ipaddress
import socket
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import duckdb
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import views
from dashboard.listings import LONGEST_TEXT, every_row
from dashboard.pages import Page, item, pages
from dashboard.pages.choices import is_identifier
from dashboard.pages.shelf import shelf
from dashboard.reader import LARGE, NothingPublishedError, OtherVersionError, Published, Reading
from dashboard.words import cell
from pipelines.errors import CommandError
from pipelines.stopping import last_words

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
KEPT_PAGES = 64

Params = Mapping[str, str]


class Guard:
    """Answers only who calls this machine by its name, and gives every answer its headers.

    A page of another site can make a browser ask here under that site's name (DNS rebinding); it is refused.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = {*LOOPBACK, host.lower(), socket.gethostname().lower()}
        self._is_open = host in ("", "0.0.0.0", "::")  # noqa: S104 compared, not bound

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                ours = ((name.encode(), value.encode()) for name, value in HEADERS.items())
                message["headers"] = [*message["headers"], *(one for one in ours if one[0] not in given)]
            await send(message)

        app = self._app if self._knows(Request(scope).headers.get("host", "")) else _refused
        await app(scope, receive, send_with_headers)

    def _knows(self, said: str) -> bool:
        name = said.rsplit(":", 1)[0] if said.count(":") == 1 or "]:" in said else said
        name = name.strip("[]").lower()
        return name in self._names or (self._is_open and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


_refused = Response(
    "This server answers under its own address only; see the address that `stocktake dashboard` printed.\n",
    status_code=400,
    media_type="text/plain",
)


class Dashboard:
    """The pages of a published folder."""

    def __init__(self, folder: Path, large: int = LARGE) -> None:
        self.published = Published(folder, shelf, large)
        self._made: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def app(self, host: str) -> Starlette:
        """What uvicorn serves."""
        routes = [
            Route("/", self._page(lambda reading, request: views.today_page(reading, _params(request)))),
            Route("/today.csv", self._today_csv),
            Route("/item", self._item_of_product),
            Route("/item/{item_key}.csv", self._item_csv),
            Route("/item/{item_key}", self._page(_item)),
            Route("/{name}.csv", self._csv),
            Route("/{name}", self._page(_listing)),
        ]
        failures: dict[Any, Callable[..., Response]] = {
            HTTPException: _failed,
            NothingPublishedError: _nothing_published,
            OtherVersionError: _other_version,
            duckdb.Error: _unreadable,
            CommandError: _unreadable,
        }
        return Starlette(
            routes=routes, exception_handlers=failures, middleware=[Middleware(Guard, host=host)]
        )

    def _page(self, make: Callable[[Reading, Request], str]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            return self._steadily(lambda: self._made_once(request, make))

        return answer

    def _made_once(self, request: Request, make: Callable[[Reading, Request], str]) -> Response:
        with self.published.reading() as reading:
            tag = _tag(reading, request.url.path, request.url.query)
            if request.headers.get("if-none-match") == tag:
                return Response(status_code=304, headers={"etag": tag})
            body = self._kept(tag, lambda: make(reading, request))
            return HTMLResponse(body, headers={"etag": tag})

    def _kept(self, tag: str, make: Callable[[], str]) -> bytes:
        with self._lock:
            body = self._made.get(tag)
        if body is None:
            body = make().encode()
            with self._lock:
                self._made[tag] = body
                while len(self._made) > KEPT_PAGES:
                    self._made.popitem(last=False)
        return body

    def prepare(self) -> None:
        """Opens the current release, makes its first page and lets copies begin, before anybody asks."""
        # What stands in the way is said to whoever asks for a page.
        with suppress(CommandError, duckdb.Error), self.published.reading() as reading:
            self._kept(_tag(reading, "/", ""), lambda: views.today_page(reading, {}))

    def _csv(self, request: Request) -> Response:
        def answer() -> Response:
            params = _params(request)
            with self.published.reading() as reading:
                page = _known_page(reading, request)
                tab = page.tab(params)
                rows = every_row(reading, tab, params)
                first = next(rows)  # asked now: what cannot be asked is an answer of its own, not half a file
                name = f"stocktake-{page.path.strip('/')}-{tab.name}-{reading.release.name}"
            return _as_csv(name, self.published.patiently(_chained(first, rows)))

        return self._steadily(answer)

    def _today_csv(self, request: Request) -> Response:
        def answer() -> Response:
            with self.published.reading() as reading:
                facts = views.today(reading, views.view_of(reading, "/", _params(request)))
                rows = [(tile["title"], "", tile["count"]) for tile in facts["tiles"]]
                rows = [
                    row
                    for tile, first in zip(facts["tiles"], rows, strict=True)
                    for row in (first, *((tile["title"], words, n) for words, n in tile["parts"].items()))
                ]
                return _as_csv(
                    f"stocktake-today-{reading.release.name}", iter([[("what", "of_them", "count")], rows])
                )

        return self._steadily(answer)

    def _item_csv(self, request: Request) -> Response:
        def answer() -> Response:
            with self.published.reading() as reading:
                facts = item.item(reading, _key(request))
                if facts is None:
                    raise _no_item()
                return _as_csv(
                    f"stocktake-item-{_key(request)}-{reading.release.name}", views.item_days(facts)
                )

        return self._steadily(answer)

    def _item_of_product(self, request: Request) -> Response:
        def answer() -> Response:
            params = _params(request)
            with self.published.reading() as reading:
                named = (params.get(name, "") for name in ("provider", "account", "product_id"))
                key = item.item_of_product(reading, *named)
            if key is None:
                raise _no_item()
            return RedirectResponse(f"/item/{key}", status_code=302)

        return self._steadily(answer)

    def _steadily(self, answer: Callable[[], Response]) -> Response:
        """Once more where the release's files went away while it was read: a newer one is there."""
        try:
            return answer()
        except duckdb.IOException:
            self.published.forget()
            return answer()


class Unstopped(uvicorn.Server):
    """A server that leaves signals to the command, whom one ends there and then (pipelines/stopping.py).

    Were it to end by itself, Python would wind down under threads that ask DuckDB, and abort.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


class Ahead(Thread):
    """Prepares each release soon after it is published, so that nobody waits for its first page."""

    def __init__(self, dashboard: Dashboard, every: float = 1.0) -> None:
        super().__init__(name="ahead", daemon=True)
        self._dashboard, self._every = dashboard, every
        self.stopping = Event()

    def run(self) -> None:
        """Looks which release is current, again and again."""
        prepared = None
        while not self.stopping.is_set():
            name = self._dashboard.published.current()
            if name != prepared:
                self._dashboard.prepare()
                prepared = name
            self.stopping.wait(self._every)


def configured(dashboard: Dashboard, host: str, port: int) -> uvicorn.Config:
    """How uvicorn serves: it logs no address, and does not say what it is."""
    return uvicorn.Config(
        dashboard.app(host),
        host=host,
        port=port,
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan="off",
    )


def serve(
    folder: Path, host: str, port: int, say: Callable[[str], None], opened: Callable[[str], object]
) -> None:
    """Serves until it is stopped.

    Raises:
        CommandError: the address cannot be used.
    """
    dashboard = Dashboard(folder)
    config = configured(dashboard, host, port)
    try:
        listener = config.bind_socket()
    except SystemExit:
        raise CommandError(
            f"--host {host} --port {port} cannot be used: it is taken, or not this machine's. Choose another"
            " with --port, or --port 0 for a free one."
        ) from None
    listener.listen(config.backlog)  # who reads the address may ask at once
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}/"
    say(f"The dashboard is at {address} (stop it with Ctrl-C).")
    if host not in LOOPBACK:
        say("There is no login: whoever reaches this address sees all stock.")
    Ahead(dashboard).start()
    opened(address)
    with listener, last_words(dashboard.published.leave):
        Unstopped(config).run(sockets=[listener])


def _tag(reading: Reading, path: str, query: str) -> str:
    """What stands for a page of a release: the same as long as the page is."""
    asked = f"{views.VERSION} {reading.release.name} {path}?{query}"
    return f'"{sha256(asked.encode()).hexdigest()[:24]}"'


def _listing(reading: Reading, request: Request) -> str:
    return views.listing_page(reading, _known_page(reading, request), _params(request))


def _item(reading: Reading, request: Request) -> str:
    found = views.item_page(reading, _key(request), _params(request))
    if found is None:
        raise _no_item()
    return found


def _known_page(reading: Reading, request: Request) -> Page:
    path = f"/{request.path_params['name']}"
    found = next((page for page in pages(reading.release) if page.path == path), None)
    if found is None:
        raise HTTPException(404, "There is no such page.")
    return found


def _key(request: Request) -> str:
    key = str(request.path_params["item_key"])
    if not is_identifier(key):
        raise _no_item()
    return key


def _no_item() -> HTTPException:
    return HTTPException(
        404, "The current release has no such item. It may have been matched anew: search for its SKU above."
    )


def _params(request: Request) -> Params:
    """What the address says, made harmless: no control characters, no text that is too long."""
    return {
        name: "".join(letter for letter in value if letter.isprintable()).strip()[:LONGEST_TEXT]
        for name, value in request.query_params.items()
        if name.isidentifier() and len(name) < 20
    }


def _chained(
    first: list[tuple[Any, ...]], rest: Iterator[list[tuple[Any, ...]]]
) -> Iterator[list[tuple[Any, ...]]]:
    yield first
    yield from rest


def _as_csv(name: str, pieces: Iterable[list[tuple[Any, ...]]]) -> Response:
    def lines() -> Iterator[str]:
        yield "\ufeff"  # or Excel takes it for another encoding
        for piece in pieces:
            written = io.StringIO()
            csv.writer(written, lineterminator="\r\n").writerows(
                [cell(value) for value in row] for row in piece
            )
            yield written.getvalue()

    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


def _failed(request: Request, error: HTTPException) -> Response:
    words = {404: "Not found", 405: "Only to be read"}
    text = (
        error.detail if error.status_code == 404 and error.detail != "Not Found" else "There is no such page."
    )
    heading = words.get(error.status_code, "That does not work")
    return HTMLResponse(views.message(heading, text), error.status_code, headers=error.headers)


def _nothing_published(request: Request, error: Exception) -> Response:
    return HTMLResponse(views.message("Nothing is published yet", str(error)), 503)


def _other_version(request: Request, error: Exception) -> Response:
    return HTMLResponse(views.message("Another version's release", str(error)), 503)


def _unreadable(request: Request, error: Exception) -> Response:
    said = str(error).splitlines()[0][:300]
    return HTMLResponse(
        views.message("This release cannot be read", f"{said} Run `stocktake publish` again."), 500
    )

"""Several requests at a time: in order, never faster than the pace, one login for all."""

import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from sandbox import Sandbox
from sources._shared.auth import LoginAuth, Token
from sources._shared.errors import CredentialsError, NotFoundError
from sources._shared.pace import Pace
from sources._shared.positions import position_of
from sources._shared.prefetch import AT_ONCE, in_order
from sources.sellercloud.client import PagePosition
from sources.shipstream.client import ScanPosition
from tests.sources.conftest import client_of, read


def test_answers_come_in_order_so_many_at_a_time() -> None:
    under_way, most = 0, 0
    lock, together = threading.Lock(), threading.Barrier(AT_ONCE)

    def ask(number: int) -> int:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        if number < AT_ONCE:
            together.wait(timeout=30)  # so many are under way, or this fails
        with lock:
            under_way -= 1
        return number * 2

    assert list(in_order(ask, range(50))) == [number * 2 for number in range(50)]
    assert most == AT_ONCE


def test_an_error_comes_at_its_turn_and_ends_it() -> None:
    asked: list[int] = []

    def ask(number: int) -> int:
        asked.append(number)
        if number == 3:
            raise NotFoundError("gone")
        return number

    came = []
    with pytest.raises(NotFoundError):
        for answer in in_order(ask, range(1000)):
            came.append(answer)
    assert came == [0, 1, 2]
    assert len(asked) <= 3 + AT_ONCE, "the rest is not asked for"


class Server:
    """Knows one token at a time, as the strictest server would."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.logins = 0
        self.token = "none"
        self.refuses = refuses
        self.lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            if request.url.path == "/login":
                self.logins += 1
                time.sleep(0.3 if self.refuses else 0)  # the others wait for it
                self.token = f"token-{self.logins}"
                return httpx.Response(403 if self.refuses else 200, text=self.token)
            good = request.headers["Authorization"] == f"Bearer {self.token}"
            return httpx.Response(200 if good else 401)

    def client(self) -> httpx.Client:
        def read_token(response: httpx.Response) -> Token:
            if response.status_code != 200:
                raise CredentialsError("refused")
            return Token(response.text)

        auth = LoginAuth(
            lambda: httpx.Request("POST", "https://x.test/login"), read_token, lambda token: None
        )
        return httpx.Client(transport=httpx.MockTransport(self), auth=auth, base_url="https://x.test")


def test_of_many_requests_whose_token_died_one_logs_in() -> None:
    server = Server()
    with server.client() as client:
        assert client.get("/page").status_code == 200
        server.token = "died"
        answers = list(in_order(lambda number: client.get(f"/page/{number}").status_code, range(40)))
    assert set(answers) == {200}
    assert server.logins == 2


def test_a_login_that_was_refused_is_not_tried_again_by_those_who_waited_for_it() -> None:
    server = Server(refuses=True)
    gate = threading.Barrier(AT_ONCE)
    errors: list[CredentialsError] = []

    def ask(number: int) -> None:
        gate.wait(timeout=30)
        try:
            client.get("/page")
        except CredentialsError as error:
            errors.append(error)

    with server.client() as client:
        list(in_order(ask, range(AT_ONCE)))
    assert len(errors) == AT_ONCE
    assert server.logins < AT_ONCE


@pytest.fixture(scope="module")
def medium() -> Iterator[Sandbox]:
    with Sandbox(size="M", providers=["sellercloud", "augno"]) as sandbox:
        yield sandbox


@pytest.mark.parametrize("resource", ["inventory", "warehouse_inventory"])
def test_a_whole_read_of_sellercloud_brings_all_and_asks_no_page_twice(
    medium: Sandbox, resource: str
) -> None:
    medium.requests.clear()
    parents = sorted(medium.truth("sellercloud", "warehouses"))
    pages = read(client_of(medium, "sellercloud", warehouses=["all"]), resource, parents=parents)
    keys = {record.keys for page in pages for record in page.records}
    assert keys == set(medium.truth("sellercloud", resource))
    asked = [
        (one.query.get("model.warehouse"), one.query["model.pageNumber"])
        for one in medium.requests
        if one.path.endswith("/inventory")
    ]
    again = [one for one in asked if asked.count(one) > 1]
    assert {number for _, number in again} <= {"1"}, "page 1 is first and last"


@pytest.mark.parametrize(
    ("provider", "resource"), [("sellercloud", "inventory"), ("augno", "item_inventory")]
)
def test_every_request_keeps_the_pace(
    medium: Sandbox, provider: str, resource: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[Pace] = []
    wait = Pace.wait
    monkeypatch.setattr(Pace, "wait", lambda pace: (waited.append(pace), wait(pace))[1])
    client = client_of(medium, provider)
    read(client, resource, parents=sorted(medium.truth("augno", "items")))
    assert len(waited) == client.traffic.requests > 2 * AT_ONCE
    assert len(set(map(id, waited))) == 1, "one pace for all"


@pytest.mark.parametrize(
    "found", [None, 7, [7, "x"], {"version": 2, "page": 7}, {"page": 7}, {"version": 1, "page": "seven"}]
)
def test_an_unknown_position_is_none(found: object) -> None:
    assert position_of(PagePosition, found) is None


def test_a_known_position_is_taken_up() -> None:
    assert position_of(PagePosition, {"version": 1, "page": 7}) == PagePosition(7)
    known = {"version": 1, "enabled": "true", "cursor": "12", "came": 500}
    assert position_of(ScanPosition, known) == ScanPosition("true", "12", 500)

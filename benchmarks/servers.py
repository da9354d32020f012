"""What is asked, each in a process of its own that is not counted: the sandbox, or ready-made pages.

`python -m benchmarks.servers sandbox ARTICLES [PROVIDER...]` or `... pages PROVIDER RECORDS [SECONDS]`, where
every answer takes so many seconds. It says in one line of JSON what to configure, and ends with its input.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox import Sandbox, world

PRODUCT = json.loads(Path("tests/data/sellercloud_inventory.json").read_text(encoding="utf-8"))["Items"][0]
NOTHING: dict[str, Any] = {"Items": [], "TotalResults": 0}


class Pages(BaseHTTPRequestHandler):
    """Answers of Sellercloud and Square in which nothing ever moves."""

    protocol_version = "HTTP/1.1"
    records = 0
    seconds = 0.0

    def do_GET(self) -> None:
        """Sellercloud's lists, and Square's locations."""
        asked = urlsplit(self.path)
        query = {name.lower(): values[0] for name, values in parse_qs(asked.query).items()}
        if asked.path.endswith("/locations"):
            return self._say({"locations": [{"id": "L1", "name": "Shop", "status": "ACTIVE"}]})
        if not asked.path.endswith("/inventory") or any(name.endswith("from") for name in query):
            return self._say(NOTHING)
        size = int(query.get("model.pagesize", 50))
        first = (int(query.get("model.pagenumber", 1)) - 1) * size
        numbers = range(first, min(first + size, self.records))
        return self._say({"Items": [product(number) for number in numbers], "TotalResults": self.records})

    def do_POST(self) -> None:
        """Sellercloud's login, and Square's stock; it has no catalogue and no inventory changes."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/token"):
            return self._say({"access_token": "t", "token_type": "Bearer", "expires_in": 3600})
        if "counts" not in self.path or "updated_after" in body or "catalog_object_ids" in body:
            return self._say({})
        first = int(body.get("cursor", 0))
        end = min(first + body["limit"], self.records)
        more = {"cursor": str(end)} if end < self.records else {}
        return self._say({"counts": [count(number) for number in range(first, end)], **more})

    def _say(self, answer: dict[str, Any]) -> None:
        time.sleep(self.seconds)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def product(number: int) -> dict[str, Any]:
    """A Sellercloud product of some 3 KB; no two are alike."""
    texts = {name: f"{name} {number * 7919 % 9973}" for name, value in PRODUCT.items() if value == "string"}
    moved = {
        "LastModifiedDate": "2026-01-04T08:00:00",
        "LastAggregateDate": f"2026-01-04T{number % 24:02}:00:00",
    }
    return {
        **PRODUCT,
        **texts,
        **moved,
        "ID": f"SKU-{number:07}",
        "AggregateQty": number % 500,
        "ShadowOf": "",
    }


def count(number: int) -> dict[str, Any]:
    """A Square count."""
    return {
        "catalog_object_id": f"{number * 2654435761 % 2**32:024X}",
        "catalog_object_type": "ITEM_VARIATION",
        "state": "IN_STOCK",
        "location_id": "L1",
        "quantity": str(number % 500),
        "calculated_at": f"2026-01-04T{number % 24:02}:{number % 60:02}:00.123Z",
    }


def serve_pages(provider: str, records: str, seconds: str = "0") -> None:
    """Serves until the input ends."""
    Pages.records, Pages.seconds = int(records), float(seconds)
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        account = {
            "sellercloud": {
                "base_url": f"{url}/rest/api", "username": "u", "password": "p-bench",
                "timezone": "America/New_York", "requests_per_second": 1000,
            },
            "square": {"base_url": url, "access_token": "token-bench"},
        }[provider]  # fmt: skip
        _tell_and_wait({"url": url, "accounts": {provider: account}})
        server.shutdown()


def serve_sandbox(articles: str, *providers: str) -> None:
    """A sandbox of a size of our own: 22,000 articles are 66,000 Sellercloud products and 302,000 counts."""
    world.ITEMS["L"] = int(articles)
    with Sandbox(size="L", providers=providers or tuple(world.ROOMS)) as sandbox:
        accounts = {
            name: {"base_url": sandbox.base_url(name), **sandbox.settings(name)} for name in sandbox.providers
        }
        _tell_and_wait({"url": sandbox.url, "accounts": accounts})


def _tell_and_wait(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    {"pages": serve_pages, "sandbox": serve_sandbox}[sys.argv[1]](*sys.argv[2:])

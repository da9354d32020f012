"""What ShipStream's answers are made of: JSON with exact numbers, times and refusals (shipstream.md §5)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.json_text import json_text as exact_json


class Refusal(Exception):  # noqa: N818  not an error of ours: an answer
    """A request that is refused, with ShipStream's error body."""

    def __init__(
        self, status: int, message: str, key: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        error: dict[str, Any] = {"type": "application", "message": message}
        if key is not None:
            error["details"] = [{"key": key, "message": message}]
        self.body = json_text({"errors": [error]}).encode()


def json_text(value: Any) -> str:
    """Compact JSON; decimals as they are, times as ShipStream spells them."""
    return exact_json(value, spell)


def spell(moment: datetime) -> str:
    """An instant as ShipStream writes it: whole seconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

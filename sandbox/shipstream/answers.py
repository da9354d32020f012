"""What ShipStream's answers are made of: JSON with exact numbers, times and refusals (shipstream.md §5)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any


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
    """Compact JSON; decimals and times as they are."""
    match value:
        case str():
            return encode_basestring(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return f'"{spell(value)}"'
        case dict():
            members = (f"{encode_basestring(name)}:{json_text(part)}" for name, part in value.items())
            return "{" + ",".join(members) + "}"
        case list() | tuple():
            return "[" + ",".join(map(json_text, value)) + "]"
    raise TypeError(f"{value!r} has no place in an answer")


def spell(moment: datetime) -> str:
    """An instant as ShipStream writes it: whole seconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

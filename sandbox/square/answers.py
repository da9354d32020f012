"""What Square's answers are made of, and how its requests are read."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sandbox.json_text import json_bytes

CATEGORIES = {401: "AUTHENTICATION_ERROR", 403: "AUTHENTICATION_ERROR", 429: "RATE_LIMIT_ERROR"}
FAILURE_CODES = {
    408: "REQUEST_TIMEOUT",
    429: "RATE_LIMITED",
    500: "INTERNAL_SERVER_ERROR",
    502: "BAD_GATEWAY",
    503: "SERVICE_UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}


class Refusal(Exception):  # noqa: N818  not an error of ours: an answer
    """A request that is refused, with Square's error body."""

    def __init__(self, status: int, code: str, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        category = CATEGORIES.get(status, "INVALID_REQUEST_ERROR")
        self.status = status
        self.error = {"category": category, "code": code, "detail": detail}
        if field:
            self.error["field"] = field


def failure(status: int) -> bytes:
    """The body of an answer that failed at Square's end (square.md §5)."""
    is_ours = status not in CATEGORIES and (status >= 500 or status == 408)
    category = "API_ERROR" if is_ours else CATEGORIES.get(status, "INVALID_REQUEST_ERROR")
    code = FAILURE_CODES.get(status, "INTERNAL_SERVER_ERROR" if is_ours else "BAD_REQUEST")
    return json_bytes({"errors": [{"category": category, "code": code}]})


def checked_body(body: Any, known: Collection[str]) -> Mapping[str, Any]:
    """A request's body, if it is an object with known members only.

    Raises:
        Refusal: it is not.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "EXPECTED_JSON_BODY", "Expected a JSON object.")
    for name in body:
        if name not in known:
            raise Refusal(400, "UNKNOWN_BODY_PARAMETER", f"{name} is not a parameter.", name)
    return body


def texts(body: Mapping[str, Any], name: str) -> set[str]:
    """An array of texts; empty where it is left out.

    Raises:
        Refusal: it is no array.
    """
    value = body.get(name)
    if value is None:
        return set()
    if not isinstance(value, list):
        raise Refusal(400, "EXPECTED_ARRAY", "Expected an array.", name)
    return {str(item) for item in value}


def moment(body: Mapping[str, Any], name: str) -> datetime | None:
    """An RFC 3339 time; None where it is left out.

    Raises:
        Refusal: it is no time, or has no offset.
    """
    value = body.get(name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise Refusal(400, "INVALID_TIME", f"{value} is not a time.", name) from None
    if found.tzinfo is None:
        raise Refusal(400, "INVALID_TIME", f"{value} has no offset.", name)
    return found

"""What a request was, what an answer is, and the record of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Call:
    """A request as a provider's room sees it."""

    method: str
    path: str
    """Without the provider's prefix."""
    params: tuple[tuple[str, str], ...]
    """The query, decoded, in its order; names may repeat."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """Parsed JSON; None where there was none or it was not JSON."""

    @property
    def query(self) -> dict[str, str]:
        """The query by name; of repeated names, the last."""
        return dict(self.params)


@dataclass
class Reply:
    """An answer."""

    status: int
    body: bytes
    rows: int = 0
    """Records in the body."""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked(Call):
    """One request that was made, without its credentials, and how it was answered."""

    provider: str
    status: int
    rows: int
    at: datetime


SECRET_HEADERS = {"authorization", "cookie"}
SECRET_MEMBERS = {"password", "email", "username", "accesstoken"}
"""In lower case."""


def without_secrets(call: Call) -> tuple[dict[str, str], Any]:
    """The headers and the body of a call, credentials left out."""
    headers = {name: value for name, value in call.headers.items() if name not in SECRET_HEADERS}
    body = call.body
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name.lower() not in SECRET_MEMBERS}
    return headers, body

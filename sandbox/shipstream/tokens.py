"""The tokens of a Custom Global Integration: signed JWTs (shipstream.md §1)."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

KEY = b"sandbox-shipstream-signing-key"


def sign(audience: str, made: datetime, ends: datetime | None) -> str:
    """A token in compact form, HS256."""
    claims: dict[str, Any] = {"aud": audience, "iat": int(made.timestamp())}
    if ends is not None:
        claims["exp"] = int(ends.timestamp())
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{signed}.{_signature(signed)}"


def fault(token: str, audience: str, now: datetime) -> str | None:
    """What is wrong with a token; None when nothing is."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(signed).encode()):
        return "invalid"
    body = signed.partition(".")[2]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if claims["aud"] != audience:
        return "invalid"
    return "expired" if claims.get("exp", float("inf")) <= now.timestamp() else None


def _part(value: dict[str, Any]) -> str:
    return _coded(json.dumps(value, separators=(",", ":")).encode())


def _signature(signed: str) -> str:
    return _coded(hmac.new(KEY, signed.encode(), hashlib.sha256).digest())


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

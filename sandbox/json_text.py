"""What answers are made of: compact JSON in UTF-8, exactly as the records have it."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Made once: json.dumps makes an encoder anew for every call that wants it so."""


def json_bytes(value: Any) -> bytes:
    """Compact JSON of what Python's own kinds can say."""
    return _compact(value).encode()


def json_text(value: Any, spell: Callable[[datetime], str] | None = None) -> str:
    """Compact JSON with decimals as they are.

    Args:
        spell: how the provider writes an instant; None where records hold none.

    Raises:
        TypeError: a value that has no place in an answer.
    """
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        members = [f"{encode_basestring(name)}:{json_text(part, spell)}" for name, part in value.items()]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([json_text(part, spell) for part in value]) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime) and spell is not None:
        return f'"{spell(value)}"'
    raise TypeError(f"{value!r} has no place in an answer")

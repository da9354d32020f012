"""What answers are made of: compact JSON in UTF-8, exactly as the records have it."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from json.encoder import encode_basestring
from typing import Any


def json_bytes(value: Any) -> bytes:
    """Compact JSON of what Python's own kinds can say."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def json_text(value: Any, spell: Callable[[datetime], str] | None = None) -> str:
    """Compact JSON with decimals as they are.

    Args:
        spell: how the provider writes an instant; None where records hold none.

    Raises:
        TypeError: a value that has no place in an answer.
    """
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
        case datetime() if spell is not None:
            return f'"{spell(value)}"'
        case dict():
            members = (f"{encode_basestring(name)}:{json_text(part, spell)}" for name, part in value.items())
            return "{" + ",".join(members) + "}"
        case list() | tuple():
            return "[" + ",".join(map(partial(json_text, spell=spell), value)) + "]"
    raise TypeError(f"{value!r} has no place in an answer")

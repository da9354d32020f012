"""What answers are made of: compact JSON in UTF-8, exactly as the records have it."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

_MARK = "\x00decimal "
"""Before a decimal that passes for a text: the encoder, in C, cannot write a number as it stands."""
_MARKED = re.compile(rf'"\\u0000{_MARK[1:]}([^"]*)"')


def writer(spell: Callable[[datetime], str] | None = None) -> Callable[[Any], str]:
    """What writes compact JSON with decimals as they are.

    Args:
        spell: how the provider writes an instant; None where records hold none.
    """

    def told(value: Any) -> str:
        if isinstance(value, Decimal):
            return f"{_MARK}{value:f}"
        if isinstance(value, datetime) and spell is not None:
            return spell(value)
        raise TypeError(f"{value!r} has no place in an answer")

    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=told).encode
    return lambda value: _MARKED.sub(r"\1", encode(value))


json_text = writer()
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_bytes(value: Any) -> bytes:
    """Compact JSON of what Python's own kinds can say."""
    return _compact(value).encode()

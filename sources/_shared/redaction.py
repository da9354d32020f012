"""Takes known secrets out of whatever is printed or written down."""

import base64
import re
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

URL_SAFE = str.maketrans("+/", "-_")
SHORTEST_SECRET = 4
"""Characters. Shorter ones occur in ordinary words, and taking them out would only garble messages."""


class Redactor:
    """Takes known secrets, and characters that steer terminals, out of text."""

    def __init__(self, *secrets: str) -> None:
        self._secrets: set[str] = set()
        for secret in secrets:
            self.hide(secret)

    def hide(self, secret: str) -> None:
        """Remembers one more secret, also as addresses, JSON and base64 spell it."""
        if len(secret) >= SHORTEST_SECRET:
            encoded = base64.b64encode(secret.encode()).decode()
            self._secrets |= {
                secret,
                quote(secret, safe=""),
                quote_plus(secret),
                msgspec.json.encode(secret).decode().strip('"'),
                encoded.rstrip("="),
                encoded.translate(URL_SAFE).rstrip("="),
            }

    def clean(self, text: str) -> str:
        """The text with every known secret as *** and without control characters."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)

    def clean_all(self, value: Any) -> Any:
        """The same for every text in a value of JSON's kinds."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, dict):
            return {name: self.clean_all(item) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.clean_all(item) for item in value]
        return value

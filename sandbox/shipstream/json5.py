"""The part of JSON5 that filters are written in (shipstream.md §2.3)."""

import re
from decimal import Decimal
from typing import Any

SPACE = re.compile(r"\s*")
NAME = re.compile(r"[A-Za-z_$][\w$]*")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
WORDS = {"true": True, "false": False, "null": None}
ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}


def parse(text: str) -> Any:
    """The value of a text: bare keys, either quotes and trailing commas are fine, comments are not.

    Raises:
        ValueError: it is no JSON5.
    """
    reader = _Reader(text)
    value = reader.value()
    reader.skip()
    if reader.place < len(text):
        raise ValueError(f"unexpected {text[reader.place]!r} at {reader.place}")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def value(self) -> Any:
        self.skip()
        first = self.text[self.place : self.place + 1]
        if first == "{":
            return dict(self._members("}"))
        if first == "[":
            return [value for _, value in self._members("]")]
        if first and first in "\"'":
            return self._string()
        if found := NUMBER.match(self.text, self.place):
            self.place = found.end()
            number = Decimal(found[0])
            return int(number) if re.fullmatch(r"[+-]?\d+", found[0]) else number
        word = self._name()
        if word not in WORDS:
            raise ValueError(f"{word!r} must be in quotes")
        return WORDS[word]

    def skip(self) -> None:
        found = SPACE.match(self.text, self.place)
        self.place = found.end() if found else self.place

    def _members(self, end: str) -> list[tuple[str, Any]]:
        members: list[tuple[str, Any]] = []
        self.place += 1
        while not self._took(end):
            key = ""
            if end == "}":
                self.skip()
                is_quoted = self.text[self.place : self.place + 1] in ("'", '"')
                key = self._string() if is_quoted else self._name()
                if not self._took(":"):
                    raise ValueError(f"a colon must follow {key}")
            members.append((key, self.value()))
            if not self._took(",") and not self._saw(end):
                raise ValueError(f"a comma or {end} is missing at {self.place}")
        return members

    def _saw(self, sign: str) -> bool:
        self.skip()
        return self.text.startswith(sign, self.place)

    def _took(self, sign: str) -> bool:
        if not self._saw(sign):
            return False
        self.place += 1
        return True

    def _name(self) -> str:
        found = NAME.match(self.text, self.place)
        if found is None:
            raise ValueError(f"a value or a name is missing at {self.place}")
        self.place = found.end()
        return found[0]

    def _string(self) -> str:
        quote = self.text[self.place]
        self.place += 1
        parts: list[str] = []
        while self.place < len(self.text):
            sign = self.text[self.place]
            self.place += 1
            if sign == quote:
                return "".join(parts)
            if sign == "\\":
                sign = self._escaped()
            parts.append(sign)
        raise ValueError("a text has no closing quote")

    def _escaped(self) -> str:
        sign = self.text[self.place : self.place + 1]
        self.place += 1
        if sign == "u":
            digits = self.text[self.place : self.place + 4]
            self.place += 4
            return chr(int(digits, 16))
        return ESCAPES.get(sign, sign)

"""Where a read that was broken off goes on: a small struct for each kind of list, with a version.

A position waits on disk (journal.py) until the next run. One that another version of Stocktake left, or that
is no position of this list, is none: the list is read from its beginning.
"""

from typing import Any, TypeVar

import msgspec

P = TypeVar("P", bound="Position")


class Position(msgspec.Struct, frozen=True, tag_field="version", tag=0):
    """The base of positions. A change of their fields goes with another `tag`, which is their version."""


def position_of(kind: type[P], found: Any) -> P | None:
    """The position, of this kind and version; None where there is none."""
    if isinstance(found, dict) and found.get("version") != kind.__struct_config__.tag:
        return None
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError:
        return None

"""Records that come to look otherwise: fields that appear, disappear or change their type, at any provider.

A path names a field as the provider spells it: a dot before what lies in an object, `[]` after a list whose
elements have it, as in `level.available` or `ChildProducts[].PerKitQty`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, get_args

from sandbox.json_text import json_text

Type = Literal["text", "number"]
Record = dict[str, Any]
Place = tuple[str, str]
"""A pattern of paths of the provider, and where in such an answer the records are: members with a dot between
them, `*` for each of them; empty where the answer is the record."""


@dataclass(frozen=True)
class Drift:
    """How the records of a resource differ from what they were."""

    add: Mapping[str, Any] = field(default_factory=dict)
    """What every record says at a path, whatever it said before."""
    drop: Sequence[str] = ()
    """Paths that no record has."""
    retype: Mapping[str, Type] = field(default_factory=dict)
    """Paths whose value is told in another type: 5 as "5", or "5" as 5. A null stays."""
    where: Mapping[str, Any] = field(default_factory=dict)
    """Only in records that say this at these paths, as text or as a number; empty means in all."""

    def __post_init__(self) -> None:
        for path, wanted in self.retype.items():
            if wanted not in get_args(Type):
                raise ValueError(f"{path} cannot become {wanted}; there are {', '.join(get_args(Type))}")

    def apply(self, record: Record) -> Record:
        """Changes a record, and gives it back."""
        for path, wanted in self.where.items():
            if not any(str(holder.get(name)) == str(wanted) for holder, name in _holders(record, path)):
                return record
        for path, wanted in self.retype.items():
            for holder, name in _holders(record, path):
                if name in holder:
                    holder[name] = _retyped(holder[name], wanted)
        added = json.loads(json.dumps(self.add), parse_float=Decimal)
        for path, value in added.items():
            for holder, name in _holders(record, path):
                holder[name] = value
        for path in self.drop:
            for holder, name in _holders(record, path):
                holder.pop(name, None)
        return record


def drifted(body: bytes, member: str, change: Callable[[Record], Record]) -> bytes:
    """An answer whose records, found under a member, are changed. What is no JSON stays as it is."""
    try:
        document = json.loads(body, parse_float=Decimal)
    except ValueError:
        return body
    steps = [step for step in member.split(".") if step]
    return json_text(_changed(document, steps, change)).encode()


def _changed(value: Any, steps: Sequence[str], change: Callable[[Record], Record]) -> Any:
    if isinstance(value, list):
        return [_changed(part, steps, change) for part in value]
    if not isinstance(value, dict):
        return value
    if not steps:
        return change(value)
    names = list(value) if steps[0] == "*" else [steps[0]]
    return {
        name: _changed(part, steps[1:], change) if name in names else part for name, part in value.items()
    }


def _holders(value: Any, path: str) -> Iterator[tuple[Record, str]]:
    """The objects in which the last name of a path is, or would be."""
    first, _, rest = path.partition(".")
    if isinstance(value, dict) and not rest:
        yield value, first
    elif isinstance(value, dict):
        inner = value.get(first.removesuffix("[]"))
        for part in inner if isinstance(inner, list) and first.endswith("[]") else [inner]:
            yield from _holders(part, rest)


def _retyped(value: Any, wanted: Type) -> Any:
    if wanted == "text" and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return format(Decimal(value).normalize(), "f")
    if wanted == "number" and isinstance(value, str):
        return Decimal(value)
    return value

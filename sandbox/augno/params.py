"""How Augno's requests are read: the query and the headers (augno.md §1.1, §2)."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sandbox.augno.answers import Refusal, invalid
from sandbox.augno.switches import AugnoSwitches
from sandbox.record import Call

VERSIONS = tuple(f"1.0.forge-preview.{number}" for number in (1, 2, 3, 4))
NEWEST = {"P1": 1, "P2": 2, "P3": 4}
"""How many of the versions exist at the time of a profile."""
PROFILE_VERSIONS = {"P1": VERSIONS[0], "P2": VERSIONS[1], "P3": VERSIONS[2]}


def check_version(call: Call, switches: AugnoSwitches) -> None:
    """Refuses a request whose version header is missing, unknown or, as the switch says, old.

    Raises:
        Refusal: it is.
    """
    names = [f"{name}-version" for name in _spellings(switches)]
    version = next((call.headers[name] for name in names if name in call.headers), None)
    if version is None:
        raise Refusal(400, f"The header {names[0]} is required.", "api_version_required")
    if version not in VERSIONS[: NEWEST[switches.profile]]:
        raise Refusal(400, f"{version} is not a version.", "api_version_invalid")
    if version < PROFILE_VERSIONS[switches.profile] and switches.old_versions == "too_old":
        raise Refusal(400, f"{version} is too old for this endpoint.", "api_version_too_old")


def account(call: Call, switches: AugnoSwitches) -> str | None:
    """The account that a request names."""
    names = [f"{name}-account{end}" for name in _spellings(switches) for end in ("", "-id")]
    return next((call.headers[name] for name in names if name in call.headers), None)


def _spellings(switches: AugnoSwitches) -> Sequence[str]:
    return ("augno", "openmrp") if switches.header_names == "both" else (switches.header_names,)


def check_known(call: Call, known: Iterable[str], switches: AugnoSwitches) -> None:
    """Refuses a parameter that the endpoint does not know.

    Raises:
        Refusal: there is one.
    """
    names = set(known)
    for name, _ in call.params:
        if switches.refuse_unknown_parameters and name not in names:
            raise invalid(name, f"{name} is not a parameter of this endpoint.", "parameter_unknown")


def values(call: Call, name: str) -> list[str]:
    """A parameter with many values: `name[]=a&name[]=b` or `name=a,b`."""
    found = [value for key, value in call.params if key == f"{name}[]"]
    return found + [part for key, value in call.params if key == name for part in value.split(",") if part]


def includes(call: Call, allowed: Sequence[str]) -> frozenset[str]:
    """What a request wants filled in.

    Raises:
        Refusal: there is no such thing.
    """
    asked = values(call, "include")
    for name in asked:
        if name not in allowed:
            raise invalid("include[]", f"{name} cannot be included; allowed are {', '.join(allowed)}.")
    return frozenset(asked)


def choices(call: Call, name: str, allowed: Collection[str]) -> list[str]:
    """A parameter with many values of few.

    Raises:
        Refusal: one is none of them.
    """
    found = values(call, name)
    for value in found:
        if value not in allowed:
            raise invalid(f"{name}[]", f"{value} is none of {', '.join(allowed)}.")
    return found


def moment(call: Call, name: str) -> datetime | None:
    """An RFC 3339 time; None where it is left out.

    Raises:
        Refusal: it is no time, or has no offset.
    """
    text = call.query.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(name, f"{text} is not a time.", "invalid_format") from None
    if found.tzinfo is None:
        raise invalid(name, f"{text} has no offset.", "invalid_format")
    return found

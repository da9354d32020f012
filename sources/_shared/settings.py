"""The two kinds of rows in a provider's settings.py: what it can be asked, and what it must be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Reading = Literal["snapshot", "incremental", "append_only"]
"""How a resource is read: `incremental` asks for what moved and is swept on a schedule; `append_only` asks
for what moved and only ever grows; `snapshot` is read whole every time, so that each read is a sweep."""


@dataclass(frozen=True)
class Resource:
    """One thing a provider can be asked for, and the raw table it fills."""

    name: str
    key: tuple[str, ...]
    """The provider's identity for the record, after `account`."""
    reading: Reading
    clock: str
    """The field behind `updated_at`, in words; "none" where the provider keeps none."""
    lag: timedelta = timedelta()
    """How long the provider may take until a change shows: the mark stays so far behind."""
    clock_decides: bool = True
    """Whether, of two versions that came in one read, the one with the later clock is newer. Otherwise it is
    the one that came later."""
    soft_delete: str | None = None
    """The field of a record that says that it is deleted, where the provider has one."""
    only_if: str | None = None
    """The setting that has to ask for this resource, with anything but "none"."""


@dataclass(frozen=True)
class Setting:
    """One key an account of this provider may have in its configuration."""

    name: str
    help: str
    """What it is and where to get it, one sentence."""
    secret: bool = False
    required: bool = False
    default: str | Sequence[str] | None = None
    kind: Literal["text", "url", "list", "choice", "number", "zone"] = "text"
    choices: tuple[str, ...] = ()
    instead_of: tuple[str, ...] = ()
    """Settings that together may stand in for this required one."""

"""The accounts, `[accounts.<name>]`: their names, and every setting as its provider gets it."""

import difflib
import json
import os
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import ConfigurationError, unknown
from pipelines.registry import PROVIDERS, Provider
from pipelines.setting_files import Documents, Values
from sources._shared.settings import Resource, Setting


@dataclass(frozen=True)
class Account:
    """One configured account."""

    name: str
    provider: Provider
    settings: Mapping[str, Any] = field(repr=False)
    """Checked values by key, secrets included."""

    @property
    def public_settings(self) -> dict[str, Any]:
        """The settings that are no secrets."""
        return {
            setting.name: self.settings[setting.name]
            for setting in self.provider.settings
            if not setting.secret and setting.name in self.settings
        }

    @property
    def resources(self) -> tuple[Resource, ...]:
        """What this account is asked for: all its provider has, except what it must ask for and does not."""
        return tuple(
            resource
            for resource in self.provider.resources
            if resource.only_if is None or list(self.settings.get(resource.only_if) or ["none"]) != ["none"]
        )

    @property
    def secrets(self) -> list[str]:
        """The values that must appear nowhere."""
        if not self.settings:
            return []  # the provider need not be asked which they are, and that takes a second
        return [
            str(self.settings[setting.name])
            for setting in self.provider.settings
            if setting.secret and self.settings.get(setting.name)
        ]


def account_names(documents: Documents) -> list[str]:
    """The names of the accounts that files or environment configure.

    Raises:
        ConfigurationError: one that no account may have, or that is no table.
    """
    names: dict[str, None] = {}
    for place, document in documents:
        tables = document.get("accounts", {})
        for name, table in tables.items():
            if not isinstance(table, Mapping):
                raise ConfigurationError(
                    f"{place}: accounts.{name} is a value where a table should be. Write [accounts.{name}]."
                )
            names[name] = None
    for variable in os.environ:
        if match := re.fullmatch(r"ACCOUNTS__([A-Z][A-Z0-9_]*?)__PROVIDER", variable):
            names[match[1].lower()] = None
    for name in names:
        check_name(name)
    return sorted(names)


def check_name(account: str) -> str:
    """The name, if an account may have it.

    Raises:
        ConfigurationError: it may not.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", account) or "__" in account:
        raise ConfigurationError(
            f"accounts.{account}: an account's name begins with a letter, and has lower-case letters, digits"
            " and single underscores only. Rename it."
        )
    return account


def read_account(name: str, values: Values, *, unchecked: bool) -> tuple[Account | None, list[str]]:
    """An account, as far as it can be known, and everything that is wrong with it."""
    kind = values.get(f"accounts.{name}.provider")
    if kind is None:
        return None, [_no_provider(name, values.documents)]
    provider = PROVIDERS.get(str(kind))
    if provider is None:
        return None, [f"accounts.{name}.provider: {unknown(str(kind), PROVIDERS, 'providers')}"]
    if unchecked:
        return Account(name, provider, {}), []
    keys = {"provider": "the provider's name", **{s.name: s.help for s in provider.settings}}
    wrong = values.unknown_keys(f"accounts.{name}", keys)
    settings: dict[str, Any] = {}
    for setting in provider.settings:
        value: Any = values.get(f"accounts.{name}.{setting.name}")
        if value is None or value == "":
            value = setting.default
        try:
            if value is not None:
                settings[setting.name] = checked(name, setting, value)
        except ConfigurationError as error:
            wrong.append(str(error))
            settings[setting.name] = None
    for setting in provider.settings:
        stand_in = setting.instead_of and all(other in settings for other in setting.instead_of)
        if setting.required and setting.name not in settings and not stand_in:
            wrong.append(_missing(name, setting.name, setting.help))
    return Account(name, provider, settings), wrong


def _no_provider(name: str, documents: Documents) -> str:
    """What to say of an account that has settings and no provider: often its two tables differ in name."""
    places = {place: list(document.get("accounts", {})) for place, document in documents}
    having = [place for place, names in places.items() if name in names]
    others = sorted({other for names in places.values() for other in names if name not in names})
    if having != ["secrets.toml"]:
        return _missing(name, "provider", f"One of {', '.join(PROVIDERS)}.")
    close = difflib.get_close_matches(name, others, n=1)
    there = f"config.toml has {', '.join(others)}" if others else "config.toml has no account"
    hint = f"call it {close[0]} in secrets.toml if that is meant, or " if close else ""
    return (
        f"accounts.{name}: secrets.toml has it, and {there}. Either {hint}add [accounts.{name}] with its"
        f" provider to config.toml (one of {', '.join(PROVIDERS)}), or take it out of secrets.toml."
    )


def checked(account: str, setting: Setting, value: Any) -> Any:
    """A setting's value as the provider gets it.

    Raises:
        ConfigurationError: it is none.
    """
    where = f"accounts.{account}.{setting.name}"
    if setting.kind == "list":
        items = _split(value) if isinstance(value, str) else value
        if isinstance(items, (list, tuple)):
            return [str(item).strip() for item in items if str(item).strip()]
        raise ConfigurationError(f'{where} is a list of texts, such as ["A", "B"]. {setting.help}')
    if setting.kind == "number":
        return _number(where, setting, value)
    if not isinstance(value, str):
        raise ConfigurationError(f"{where} is a text; write it in quotes. {setting.help}")
    value = value.strip()
    if setting.kind == "zone":
        return _zone(where, setting, value)
    if setting.kind == "choice" and value not in setting.choices:
        raise ConfigurationError(f"{where}: {unknown(value, setting.choices, 'values')}")
    if setting.kind == "url" and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise ConfigurationError(
            f"{where}: this is not a valid URL. It starts with https:// and has no user, query or space."
            f" {setting.help}"
        )
    return value


def _split(text: str) -> Any:
    """A list in one text, as an environment variable has it: with commas, or as JSON."""
    if not text.lstrip().startswith("["):
        return text.split(",")
    try:
        return json.loads(text)
    except ValueError:
        return None


def _number(where: str, setting: Setting, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise ConfigurationError(f"{where}: {value!r} is not a number above 0. {setting.help}")
    return number


def _zone(where: str, setting: Setting, value: str) -> str:
    known = zoneinfo.available_timezones()
    if value not in known:
        close = difflib.get_close_matches(value, known, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ConfigurationError(f"{where}: {value!r} is not an IANA time zone.{hint} {setting.help}")
    return value


def _missing(account: str, key: str, help_text: str) -> str:
    variable = f"ACCOUNTS__{account.upper()}__{key.upper()}"
    return (
        f"accounts.{account}.{key} is missing. Looked in the environment ({variable}), .dlt/secrets.toml and"
        f" .dlt/config.toml under [accounts.{account}]. {help_text}"
    )

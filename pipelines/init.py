"""`stocktake init`: an account into `.dlt/config.toml` and `.dlt/secrets.toml`, beside whatever is there."""

import json
import os
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.accounts import Account, check_name, checked
from pipelines.doctor import Diagnosis, ask_account
from pipelines.errors import ConfigurationError, words_of
from pipelines.files import write_whole
from pipelines.registry import PROVIDERS, Provider
from pipelines.setting_files import project_folder
from pipelines.view import near, typed
from sources._shared.settings import Setting

CONFIG, SECRETS = "config.toml", "secrets.toml"
HEADS = {
    CONFIG: f"# Values that are no secrets; those are in {SECRETS} beside this file.",
    SECRETS: "# Secrets. Never commit this file.",
}

Ask = Callable[[str, bool], str]
"""Asks people for a line; the second argument hides what they type."""
Say = Callable[[str], None]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """What was written."""

    folder: Path
    account: Account
    missing: Sequence[str]
    """Secrets that still have to be filled in."""


def init(
    start: Path, provider: str | None, account: str | None, given: Sequence[str], ask: Ask | None, say: Say
) -> Made:
    """Adds an account to the project that `start` lies in, or makes a project there.

    Args:
        given: settings as KEY=VALUE.
        ask: how to ask for what is not given; None where nobody can be asked.

    Raises:
        ConfigurationError: something is missing or wrong, and nobody can be asked. Nothing is written.
    """
    folder = project_folder(start) or start.resolve()
    if provider is None and ask is None:
        raise ConfigurationError(
            "There is no terminal to ask in: give --provider, and --account and --set KEY=VALUE where needed."
            f" Providers: {', '.join(PROVIDERS)}."
        )
    chosen = _provider(provider, ask, say)
    name = _name(account, chosen, _taken(folder), ask, say)
    values = dict(_given(name, chosen, given))
    missing = _asked(name, chosen, values, ask, say) if ask else _not_asked(name, chosen, values)
    write_accounts(folder, {name: (chosen, values)}, missing)
    defaults = {one.name: one.default for one in chosen.settings if one.default is not None}
    return Made(folder, Account(name, chosen, {**defaults, **values}), [one.name for one in missing])


def tried(made: Made, is_wanted: bool | None, ask: Ask | None, say: Say, at: Say) -> Diagnosis | None:
    """What the account says when it is asked, if that is wanted; says what to do next.

    Args:
        at: told what is waited for.
    """
    if made.missing:
        say(f"Fill in {', '.join(made.missing)} in {made.folder / '.dlt' / SECRETS}, then: {typed()} doctor")
        return None
    if is_wanted is None and ask is not None:
        is_wanted = ask("Try it now? It asks little and changes nothing. [Y/n] ", False).casefold() in (
            "",
            "y",
            "yes",
        )
    if not is_wanted:
        say(f"Next: {typed()} doctor tries it, {typed()} run reads it.")
        return None
    at(f"asking {made.account.name}")
    found = ask_account(made.account)
    mend = f"Correct it in {near(made.folder / '.dlt')}, then: {typed()} doctor"
    return replace(found, then=mend if found.exit_code else f"Next: {typed()} run")


def write_accounts(
    folder: Path, accounts: Mapping[str, tuple[Provider, Values]], missing: Iterable[Setting] = ()
) -> None:
    """Writes accounts into the folder's two files, after what is there; secrets are for their owner only.

    Args:
        missing: secrets that are to be filled in by hand.

    Raises:
        ConfigurationError: a file cannot be read, or nothing can be added to it.
    """
    place = folder / ".dlt"
    place.mkdir(parents=True, exist_ok=True)
    public, secret = [], []
    for name, (provider, values) in accounts.items():
        table = ["", f"[accounts.{name}]"]
        public += [*table, f'provider = "{provider.name}"', *_lines(provider, values, secret=False)]
        private = _lines(provider, values, secret=True)
        private += [line for one in missing for line in (f"# {one.help}", f'{one.name} = ""')]
        secret += [*table, *private] if private else []
    # The secrets first: whoever is stopped in between has an account without a provider, and is told so.
    _add(place / SECRETS, secret)
    _add(place / CONFIG, public)
    ignore = place / ".gitignore"
    if not ignore.exists():
        ignore.write_text(f"{SECRETS}\n", encoding="utf-8")


def _lines(provider: Provider, values: Values, *, secret: bool) -> list[str]:
    return [
        f"{one.name} = {json.dumps(values[one.name], ensure_ascii=False)}"
        for one in provider.settings
        if one.name in values and one.secret is secret
    ]


def _add(path: Path, lines: Sequence[str]) -> None:
    """Adds lines at the end of a TOML file, where that changes nothing of what it says already."""
    if not lines:
        return
    old = _read(path)
    text = "\n".join([old.rstrip() or HEADS[path.name], *lines, ""])
    before, added = tomllib.loads(old), tomllib.loads("\n".join(lines))
    wanted = {**before, "accounts": {**before.get("accounts", {}), **added["accounts"]}}
    try:
        is_added = tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        is_added = False
    if not is_added:
        names = ", ".join(added["accounts"])
        raise ConfigurationError(
            f"{path} is written so that {names} cannot be added at its end. Do it by hand."
        )
    is_private = path.name == SECRETS or not path.exists()
    mode = 0o600 if is_private else stat.S_IMODE(path.stat().st_mode)
    write_whole(path.resolve(), text, mode=mode)  # a link stays one


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        tomllib.loads(text)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigurationError(words_of(error)) from None
    except ValueError as error:  # neither UTF-8 nor TOML
        raise ConfigurationError(f"{path} cannot be read as TOML: {error}. Correct it first.") from None
    return text


def _taken(folder: Path) -> set[str]:
    """The names that accounts have already, in either file."""
    documents = [tomllib.loads(_read(folder / ".dlt" / name)) for name in HEADS]
    return {name for document in documents for name in document.get("accounts", {})}


def _provider(name: str | None, ask: Ask | None, say: Say) -> Provider:
    if name is not None or ask is None:
        if name in PROVIDERS:
            return PROVIDERS[name]
        raise ConfigurationError(f"--provider {name}: providers are {', '.join(PROVIDERS)}.")
    choices = list(PROVIDERS.values())
    for number, provider in enumerate(choices, 1):
        say(f"  {number}  {provider.title}")
    while True:
        answer = ask("Whose stock is it? Number or name: ", False).casefold()
        for number, provider in enumerate(choices, 1):
            if answer in (str(number), provider.name, provider.title.casefold()):
                return provider
        say(f"That is none of them: 1 to {len(choices)}.")


def _name(name: str | None, provider: Provider, taken: set[str], ask: Ask | None, say: Say) -> str:
    names = (provider.name, *(f"{provider.name}_{number}" for number in range(2, len(taken) + 3)))
    free = next(one for one in names if one not in taken)
    if name is not None or ask is None:
        return _free(name or free, taken)
    while True:
        answer = ask(f"A name of your own for this account, such as north_store [{free}]: ", False)
        try:
            return _free(answer or free, taken)
        except ConfigurationError as error:
            say(str(error))


def _free(name: str, taken: set[str]) -> str:
    if check_name(name) in taken:
        raise ConfigurationError(f"accounts.{name} is there already. Choose another name.")
    return name


def _given(name: str, provider: Provider, given: Sequence[str]) -> Iterator[tuple[str, Any]]:
    settings = {one.name: one for one in provider.settings}
    for words in given:
        key, mark, text = words.partition("=")
        if key not in settings or not mark:
            raise ConfigurationError(
                f"--set {words}: write KEY=VALUE, where KEY is one of {', '.join(settings)}."
            )
        if settings[key].secret:
            raise ConfigurationError(
                f"--set {key}: a secret on the command line stays in the shell's history. Leave it out: it is"
                f" asked for, or taken from the environment ({variable(name, key)})."
            )
        yield key, checked(name, settings[key], text)


def variable(account: str, key: str) -> str:
    """The environment variable that says the same as a setting in the files."""
    return f"ACCOUNTS__{account.upper()}__{key.upper()}"


def _asked(name: str, provider: Provider, values: dict[str, Any], ask: Ask, say: Say) -> list[Setting]:
    """Asks for what is required, and for addresses; gives the secrets that were left empty."""
    settings = {one.name: one for one in provider.settings}
    missing = []
    for setting in provider.settings:
        if not (setting.required or setting.kind == "url") or setting.name in values:
            continue
        value = _answer(name, setting, ask, say)
        instead = [settings[other] for other in setting.instead_of] if value is None else []
        found = {one.name: _answer(name, one, ask, say) for one in instead}
        if value is not None:
            values[setting.name] = value
        elif found and None not in found.values():
            values |= found
        elif setting.required:
            missing.append(setting)
    return missing


def _answer(name: str, setting: Setting, ask: Ask, say: Say) -> Any:
    """A value as it is written into the files; None for nothing, where that may be."""
    say(f"{setting.name}: {setting.help}")
    instead = f", or nothing to give {' and '.join(setting.instead_of)}" if setting.instead_of else ""
    hidden = " (not shown)" if setting.secret else ""
    default = f" [{setting.default}]" if setting.default else ""
    while True:
        text = ask(f"  {setting.name}{hidden}{default}{instead}: ", setting.secret)
        if not text and (setting.secret or not setting.required):
            return None
        try:
            return checked(name, setting, text)
        except ConfigurationError as error:
            say(f"  {error}")


def _not_asked(name: str, provider: Provider, values: Values) -> list[Setting]:
    """The secrets that nobody was asked for and the environment has not.

    Raises:
        ConfigurationError: something is required that is no secret.
    """
    there = {*values, *(one.name for one in provider.settings if os.environ.get(variable(name, one.name)))}
    lacking = [
        one
        for one in provider.settings
        if one.required
        and one.name not in there
        and not (one.instead_of and there.issuperset(one.instead_of))
    ]
    public = [f"--set {one.name}=… ({one.help})" for one in lacking if not one.secret]
    if public:
        raise ConfigurationError(f"{provider.title} needs {'; '.join(public)}")
    return lacking

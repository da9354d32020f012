"""The settings of `[notify]`: which there are, and what each may be."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pipelines.errors import ConfigurationError
from pipelines.own_settings import duration
from pipelines.setting_files import Values

NOTIFY_KEYS = {
    "webhook": "the URL that gets a message when something fails, grows old or recovers",
    "form": 'the form of the message: "json", or "slack"',
    "stale_after": 'how old the last read of a resource may be before a message is sent, such as "6h"',
    "heartbeat": "the URL that is requested after every success",
}


@dataclass(frozen=True)
class Notify:
    """Who is told what becomes of a command, by pipelines/notify.py."""

    webhook: str | None = field(default=None, repr=False)
    form: str = "json"
    stale_after: timedelta | None = None
    heartbeat: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> list[str]:
        """Whoever knows such an address may write to it."""
        return [address for address in (self.webhook, self.heartbeat) if address]


def notify_settings(values: Values) -> Notify:
    """What `[notify]` says, checked.

    Raises:
        ConfigurationError: a key is not known or its value not valid.
    """
    if wrong := values.unknown_keys("notify", NOTIFY_KEYS):
        raise ConfigurationError("\n".join(wrong))
    found: dict[str, Any] = {key: values.get(f"notify.{key}") for key in NOTIFY_KEYS}
    given = {key: value for key, value in found.items() if value not in (None, "")}
    for key, value in given.items():
        try:
            given[key] = _notify_value(key, value)
        except ValueError:
            shown = "what is written" if key in ("webhook", "heartbeat") else repr(value)
            raise ConfigurationError(
                f"notify.{key}: {shown} is not valid. It is {NOTIFY_KEYS[key]}."
                f" Correct it in {values.place_of(f'notify.{key}')}."
            ) from None
        if key in ("form", "stale_after") and "webhook" not in given:
            raise ConfigurationError(f"notify.{key} has no effect without notify.webhook: set that too.")
    return Notify(**given)


def _notify_value(key: str, value: Any) -> Any:
    if key == "stale_after" and duration(value):
        return duration(value)
    if key == "form" and value in ("json", "slack"):
        return value
    if key in ("webhook", "heartbeat") and re.fullmatch(r"https?://[^\s/?#@]+[^\s#]*", str(value)):
        return str(value)
    raise ValueError

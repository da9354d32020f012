from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    name: str
    tables: dict


def publish(*a, **k):
    raise SystemExit("stub by lead, the helper overwrites this file")


def current_release(p):
    return None

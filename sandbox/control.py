"""The sandbox's own routes, for processes that are not Python.

GET    /_sandbox/truth/<provider>/<resource>   every record as it would be served now
GET    /_sandbox/requests                      what was asked; DELETE forgets it
GET    /_sandbox/switches/<provider>           the switches; PUT {"name": value} sets some
POST   /_sandbox/faults/<provider> {"kind": "status", "status": 503, "times": 2}   the next answers go wrong
GET    /_sandbox/drifts/<provider>             how records look otherwise, by resource
PUT    /_sandbox/drifts/<provider>/<resource> {"add": {"a.b": 1}, "drop": ["c"], "retype": {"d": "text"}}
POST   /_sandbox/storm {"seed": 1, "rate": 0.2}   everything goes wrong at once; DELETE ends it
POST   /_sandbox/advance {"seconds": 60}       moves the clock
POST   /_sandbox/change {"count": 3}           changes so many stock records of each
POST   /_sandbox/simulate_day                  a plausible day
"""

from collections.abc import Callable
from dataclasses import asdict
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from sandbox.faults import Fault

if TYPE_CHECKING:
    from sandbox import Sandbox


class Control:
    """Answers the control routes."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox

    def answer(self, method: str, path: str, body: Any) -> Any:
        """What the route gives, as JSON can say it.

        Raises:
            KeyError, TypeError, ValueError: there is no such route, switch or value.
        """
        match (method, *path.split("/")):
            case ("GET", "truth", provider, resource):
                return list(self._sandbox.truth(provider, resource).values())
            case ("GET", "requests"):
                return [asdict(asked) for asked in self._sandbox.requests]
            case ("DELETE", "requests"):
                self._sandbox.requests.clear()
                return {}
            case ("GET", "switches", provider):
                return self._shown(provider)
            case ("PUT", "switches", provider):
                return self._set(provider, dict(body))
            case ("POST", "faults", provider):
                times = int(body.pop("times", 1))
                self._sandbox.faults[provider].next(Fault(**body), times)
                return {"waiting": len(self._sandbox.faults[provider].waiting)}
            case ("GET", "drifts", provider):
                return {name: asdict(drift) for name, drift in self._sandbox.drifts[provider].items()}
            case ("PUT", "drifts", provider, resource):
                self._sandbox.drift(provider, resource, **body)
                return asdict(self._sandbox.drifts[provider][resource])
            case ("POST", "storm"):
                return {"switches": self._sandbox.storm(**(body or {})).switches}
            case ("DELETE", "storm"):
                self._sandbox.calm()
                return {}
            case ("POST", "advance"):
                return {"now": self._sandbox.clock.advance(**body).isoformat()}
            case ("POST", "change"):
                return self._sandbox.change(int(body["count"]))
            case ("POST", "simulate_day"):
                return {
                    provider: {resource: sorted(keys) for resource, keys in touched.items()}
                    for provider, touched in self._sandbox.simulate_day().items()
                }
        raise ValueError(f"there is no {method} /_sandbox/{path}")

    def _set(self, provider: str, values: dict[str, Any]) -> dict[str, Any]:
        """Sets switches: all of them, or none where one is wrong."""
        switches = self._sandbox.switches[provider]
        kinds = _settable(type(switches))
        for name, value in values.items():
            if name not in kinds:
                raise KeyError(f"there is no switch {name}")
            if kinds[name] == set[str] and isinstance(value, list):
                values[name] = set(value)
            elif not _fits(value, kinds[name]):
                raise ValueError(f"{name} cannot be {value!r}")
        for name, value in values.items():
            setattr(switches, name, value)
        return self._shown(provider)

    def _shown(self, provider: str) -> dict[str, Any]:
        switches = self._sandbox.switches[provider]
        shown = {name: getattr(switches, name) for name in _settable(type(switches))}
        return {name: sorted(value) if isinstance(value, set) else value for name, value in shown.items()}


def _settable(switches: type) -> dict[str, Any]:
    """The types of the switches that JSON can express."""
    kinds = get_type_hints(switches)
    return {
        name: kind
        for name, kind in kinds.items()
        if not any(get_origin(choice) is Callable for choice in _choices(kind))
    }


def _fits(value: Any, kind: Any) -> bool:
    for choice in _choices(kind):
        if get_origin(choice) is Literal:
            if value in get_args(choice):
                return True
        elif type(value) is choice or (choice is float and type(value) is int):
            return True
    return False


def _choices(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if isinstance(kind, UnionType) else (kind,)

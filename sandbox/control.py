"""The sandbox's own routes, for processes that are not Python.

GET    /_sandbox/truth/<provider>/<resource>   every record as it would be served now
GET    /_sandbox/requests                      what was asked; DELETE forgets it
GET    /_sandbox/switches/<provider>           the switches; PUT {"name": value} sets some
POST   /_sandbox/advance {"seconds": 60}       moves the clock
POST   /_sandbox/change {"count": 3}           changes so many counts and levels
POST   /_sandbox/simulate_day                  a plausible day
"""

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

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
                for name, value in body.items():
                    setattr(self._sandbox.switches[provider], name, value)
                return self._shown(provider)
            case ("POST", "advance"):
                return {"now": self._sandbox.clock.advance(**body).isoformat()}
            case ("POST", "change"):
                return self._sandbox.change(int(body["count"]))
            case ("POST", "simulate_day"):
                touched = self._sandbox.simulate_day().touched
                return {resource: sorted(keys) for resource, keys in touched.items()}
        raise ValueError(f"there is no {method} /_sandbox/{path}")

    def _shown(self, provider: str) -> dict[str, Any]:
        switches = self._sandbox.switches[provider]
        shown = {field.name: getattr(switches, field.name) for field in fields(switches)}
        return {name: value for name, value in shown.items() if not callable(value)}

"""What Augno's answers are made of (augno.md §5.1)."""

from typing import Any

from sandbox.augno.switches import AugnoSwitches
from sandbox.json_text import json_bytes
from sandbox.record import Reply

DOCS = "https://docs.augno.com/api/errors"
CODES = {
    400: "validation_failed",
    401: "invalid_credentials",
    402: "payment_required",
    403: "insufficient_permissions",
    404: "resource_not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    409: "idempotency_in_progress",
    410: "resource_gone",
    422: "validation_failed",
    429: "rate_limit_exceeded",
    500: "internal_error",
    502: "external_service_error",
    503: "service_unavailable",
    504: "timeout",
}
"""What a status means when nothing more is known."""
APIKIT_CODES = {"rate_limit_exceeded": "rate_limited", "timeout": "request_timeout"}
TRANSIENT = {408, 409, 429, 500, 502, 503, 504}
BAD_PARAMETERS = {"parameter_missing", "parameter_invalid", "parameter_unknown", "invalid_format"}


class Refusal(Exception):  # noqa: N818  not an error of ours: an answer
    """A request that is refused."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        *,
        param: str | None = None,
        headers: dict[str, str] | None = None,
        quota: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or CODES.get(status, "internal_error")
        self.message = message
        self.param = param
        self.headers = headers or {}
        self.quota = quota


def invalid(param: str, message: str, code: str = "parameter_invalid") -> Refusal:
    """The refusal of a query parameter."""
    return Refusal(400, message, code, param=param)


def refused(refusal: Refusal, switches: AugnoSwitches) -> Reply:
    """The answer to a request that is refused, in the dialect of the moment."""
    status, code = refusal.status, refusal.code
    error: dict[str, Any] = {
        "code": code,
        "type": "api_error" if status >= 500 else "invalid_request_error",
        "message": refusal.message,
        "param": refusal.param,
        "doc_url": f"{DOCS}#{code}",
        "is_transient": status in TRANSIENT,
    }
    if switches.error_dialect == "classic":
        error |= {"quota": refusal.quota, "request_log_url": None}
    else:
        error["errors"] = []
        if code in BAD_PARAMETERS and status == 400 and switches.apikit_parameter_status == 422:
            error["errors"] = [{"code": code, "param": refusal.param, "message": refusal.message}]
            status, code = 422, CODES[422]
        error["code"] = code = APIKIT_CODES.get(code, code)
        error["doc_url"] = f"{DOCS}#{code}"
    if switches.sparse_errors:
        error = {name: error[name] for name in ("code", "message")}
    return Reply(status, json_bytes({"error": error}), headers=dict(refusal.headers))

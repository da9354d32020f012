"""What can go wrong at a provider. Retry is decided by class, never by the words of a message.

SourceError                     where, what, what to do next
├── TransientError              may be better in a moment: asked again
│   ├── ThrottledError          429; carries the seconds the server asked for
│   ├── ServerError             408 and every 5xx
│   ├── UnreachableError        no connection, a reset, a time-out
│   └── BrokenAnswerError       status 200, but cut off, not JSON, or not the promised shape
└── RefusedError                asking the same again does not help
    ├── CredentialsError        401
    ├── PermissionDeniedError   403
    ├── NotFoundError           404
    ├── WrongAccountError       the answers are another account's
    ├── CursorExpiredError      the scan has to start again at page 1
    └── RequestError            every other refusal
"""


class SourceError(Exception):
    """A provider could not be read.

    Args:
        what: what happened, one sentence.
        advice: what to do next, one sentence.
        where: account, resource and page; filled in by whoever knows them.
    """

    def __init__(self, what: str, advice: str = "", *, where: str = "", status: int | None = None) -> None:
        super().__init__(what, advice, where)
        self.what = what
        self.advice = advice
        self.where = where
        self.status = status

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what} {self.advice}".rstrip()

    @property
    def stops_account(self) -> bool:
        """Whether the account's other resources would meet the same."""
        return isinstance(self, (CredentialsError, WrongAccountError, UnreachableError))


class TransientError(SourceError):
    """May be better in a moment."""


class ThrottledError(TransientError):
    """The server asked for a pause (429)."""

    retry_after: float | None = None
    """Seconds the server asked for; None where it named none."""


class ServerError(TransientError):
    """The server failed (408, 5xx)."""

    retry_after: float | None = None
    """Seconds the server asked for; None where it named none."""


class UnreachableError(TransientError):
    """No answer: connection refused, reset, or too slow."""


class BrokenAnswerError(TransientError):
    """Status 200 with a body that is not what was promised. Never an empty result."""


class RefusedError(SourceError):
    """Asking the same again does not help."""


class CredentialsError(RefusedError):
    """The credentials were refused (401)."""


class PermissionDeniedError(RefusedError):
    """The credentials are good but may not read this (403)."""


class NotFoundError(RefusedError):
    """There is nothing at this address (404)."""


class WrongAccountError(RefusedError):
    """Records came, and none of those that are known: these are another account's answers.

    Nothing of such a read is kept, of the account's other resources neither, and no mark moves.
    """


class CursorExpiredError(RefusedError):
    """The cursor of a scan is no longer known."""


class RequestError(RefusedError):
    """The request itself was refused."""

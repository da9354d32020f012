"""What ends a command, and with which exit code (design §6)."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of `stocktake`."""

    DONE = 0
    FAILED = 1
    CONFIGURATION = 2
    PARTLY = 3
    LOCKED = 4
    TESTS_FAILED = 5


class CommandError(Exception):
    """A command cannot go on. The message is one clear sentence: where, what, what to do next."""

    exit_code = Exit.FAILED


class ConfigurationError(CommandError):
    """A setting is missing, unknown or mistyped. Raised before any request is made."""

    exit_code = Exit.CONFIGURATION


class LockedError(CommandError):
    """Another run holds the lock."""

    exit_code = Exit.LOCKED


class TestsFailedError(CommandError):
    """Loaded, but the models' tests failed: nothing was published."""

    exit_code = Exit.TESTS_FAILED

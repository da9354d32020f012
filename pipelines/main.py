"""Where the command begins: signals are answered before anything that takes long is imported."""

from pipelines.stopping import end_on_signals


def main() -> None:
    """The console script's entry."""
    end_on_signals()
    from pipelines.cli import app

    app()

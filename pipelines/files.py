"""Small files that are there whole or not at all, whoever is killed meanwhile."""

import threading
from pathlib import Path

_writing = threading.Lock()


def write_whole(path: Path, text: str, mode: int | None = None) -> None:
    """Writes a file beside its place and moves it there in one step.

    Args:
        mode: its rights, before anything is in it; those that the user's mask leaves where None.
    """
    partial = path.with_name(f"{path.name}.partial")
    with _writing:  # a signal's last words may be about the same file
        if mode is not None:
            partial.touch(mode)
            partial.chmod(mode)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)

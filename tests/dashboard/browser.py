"""Chromium without a window, where it is on this machine: its DOM, its pictures, its print."""

import shutil
import subprocess
import tempfile
from pathlib import Path

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
"""The browser; Debian has it as the package `chromium`, and names in all scripts as `fonts-noto-core`,
`fonts-noto-cjk` and `fonts-noto-color-emoji`."""
DARK = "--blink-settings=preferredColorScheme=0"


def run(address: str, *options: str, width: int = 1280, height: int = 900) -> str:
    """One visit; gives what the browser says on its standard output."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory() as profile:
        visited = subprocess.run(
            [
                CHROMIUM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={profile}",
                f"--window-size={width},{height}",
                *options,
                address,
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
    return visited.stdout


def dom(address: str, width: int = 1280, *options: str) -> str:
    """The page as the browser understood it."""
    return run(address, "--dump-dom", *options, width=width)


def picture(address: str, file: Path, width: int, height: int, *options: str) -> None:
    """A picture of the page's top."""
    run(address, f"--screenshot={file}", *options, width=width, height=height)

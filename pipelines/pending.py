"""Load packages that wait: what can be told from the folders alone, without dlt."""

from pathlib import Path

from pipelines.config import Config

EXTRACTED, NORMALIZED = Path("normalize", "extracted"), Path("load", "normalized")
"""Where a dlt working folder keeps load packages before and after they are normalized."""


def pipelines_folder(config: Config) -> Path:
    """Where dlt keeps the load packages."""
    return config.home / "pipelines"


def pending_packages(config: Config, account: str) -> int:
    """How many load packages an earlier run extracted and did not finish."""
    return len(pending(pipelines_folder(config) / account))


def pending(folder: Path) -> list[str]:
    """The load ids of what was extracted and not loaded to its end."""
    return sorted({found.name for place in (EXTRACTED, NORMALIZED) for found in packages_in(folder / place)})


def packages_in(place: Path) -> list[Path]:
    """The folders of packages."""
    return [package for package in place.iterdir() if package.is_dir()] if place.is_dir() else []

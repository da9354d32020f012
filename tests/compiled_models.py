"""The models' statements, compiled once for all tests: dbt takes longer for it than a build."""

import shutil
from pathlib import Path

from filelock import FileLock

from pipelines.statements import Node, compiled, statements_key

KEPT = Path(__file__).parent.parent / ".pytest_cache" / "compiled"
DATABASE = "working.duckdb"


def statements() -> list[Node]:
    """Our models, as they are now."""
    return compiled(compiled_home(), DATABASE)


def give_statements(home: Path) -> None:
    """Lets a home begin as one that has built before with these models."""
    file = home / "models" / "statements.json"
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(compiled_home() / "models" / "statements.json", file)
        file.chmod(0o600)


def compiled_home() -> Path:
    """A home that has compiled our models as they are now."""
    home = KEPT / statements_key(DATABASE)
    KEPT.mkdir(parents=True, exist_ok=True)
    with FileLock(KEPT / "lock"):
        if not home.exists():
            shutil.rmtree(making := home.with_suffix(".making"), ignore_errors=True)
            compiled(making, DATABASE)
            making.rename(home)
    return home

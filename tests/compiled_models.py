"""The models' statements, compiled once for all tests: dbt takes longer for it than a build."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipelines.statements import PROJECT, Node, _compile, compiled, statements_key

KEPT = Path(__file__).parent.parent / ".pytest_cache" / "compiled"
DATABASE = "working.duckdb"


def statements(variables: Mapping[str, Any] | None = None) -> list[Node]:
    """Our models, as they are now and with what the user set for them."""
    return compiled(compiled_home(variables), DATABASE, variables)


def compiled_once(
    home: Path, database: str, variables: Mapping[str, Any] | None, project: Path, engine: str
) -> list[Node]:
    """In the place of `pipelines.statements._compile`: its own nodes, made once for a state of our models."""
    is_ours = project == PROJECT and database == DATABASE and engine == "duckdb" and KEPT not in home.parents
    return statements(variables) if is_ours else _compile(home, database, variables, project, engine)


def give_statements(home: Path) -> None:
    """Lets a home begin as one that has built before with these models."""
    file = home / "models" / "statements.json"
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(compiled_home() / "models" / "statements.json", file)
        file.chmod(0o600)


def compiled_home(variables: Mapping[str, Any] | None = None) -> Path:
    """A home that has compiled them."""
    home = KEPT / statements_key(DATABASE, variables)
    read = compiled_home() / "models" if variables else None
    KEPT.mkdir(parents=True, exist_ok=True)
    with FileLock(KEPT / "lock"):
        if not home.exists():
            shutil.rmtree(making := home.with_suffix(".making"), ignore_errors=True)
            if read:  # as a home has what dbt read of the models when its settings are changed
                shutil.copytree(read, making / "models", ignore=shutil.ignore_patterns("statements.json"))
            compiled(making, DATABASE, variables)
            making.rename(home)
    return home

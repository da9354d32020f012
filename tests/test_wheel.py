"""What people install is the wheel: it holds all that a run needs, and types for whoever imports it."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.compiled_models import give_statements
from tests.test_house import ROOT, tracked_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what git has, so that no leftover of this checkout is in it."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for path in tracked_files():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--wheel-dir", str(built), str(source)], check=True)
    (found,) = built.glob("*.whl")
    return found


def test_it_holds_the_models_the_types_and_the_licence(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    models = {path.relative_to(ROOT).as_posix() for path in (ROOT / "dbt_models").glob("models/**/*.sql")}
    assert models <= held
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "dashboard").glob("templates/*.html")}
    assert pages | {"dashboard/style.css"} <= held
    assert {"sources/py.typed", "pipelines/py.typed", "dbt_models/dbt_project.yml"} <= held
    assert any(name.endswith("licenses/LICENSE") for name in held)
    assert not [name for name in held if name.startswith(("tests", "benchmarks"))]


def test_who_stays_on_duckdb_gets_no_package_of_spark_or_iceberg() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found, to_follow = set[tuple[str, str]](), [(one, "") for one in project["dependencies"]]
    while to_follow:
        written, extra = to_follow.pop()
        one = Requirement(written)
        if one.marker is None or one.marker.evaluate({"extra": extra}):
            needed = {(canonicalize_name(one.name), of) for of in ("", *one.extras)} - found
            found |= needed
            to_follow += [(more, of) for name, of in needed for more in requires(name) or ()]
    names = {name for name, _ in found}
    assert {"duckdb", "dlt", "dbt-core", "dbt-duckdb", "dbt-adapters", "pyarrow"} <= names
    assert not names & {"dbt-spark", "pyspark", "pyspark-client", "py4j", "grpcio", "pandas", "pyiceberg"}


@pytest.mark.providers("ventmere_s2")
def test_installed_into_an_empty_environment_it_runs(wheel: Path, project) -> None:
    """The environment has the wheel alone; what Stocktake depends on is lent by this one, to save an hour."""
    environment = project.folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", str(wheel)], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    lent = [path for path in sys.path if Path(path).name == "site-packages"]
    (packages / "lent.pth").write_text("\n".join(lent), encoding="utf-8")

    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def said(*words: str) -> str:
        done = subprocess.run(
            words, cwd=project.folder, env=clean, check=True, capture_output=True, text=True
        )
        return done.stdout

    where = "import pipelines, dbt_models; print(pipelines.__file__, dbt_models.__file__)"
    assert said(str(python), "-c", where).count(str(packages)) == 2
    give_statements(project.home)  # of the same text: with another, it compiles
    result = said(str(environment / "bin" / "stocktake"), "run", "--log-format", "json")
    assert json.loads(result)["release"]
    assert (project.published / "reporting.duckdb").exists()
    assert "KB, of release" in said(str(environment / "bin" / "stocktake"), "report")

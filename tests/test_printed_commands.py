"""Every command that a page prints is run: here, or by the test that is named; else the page says so."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.compiled_models import give_statements
from tests.conftest import Project
from tests.test_docs import PAGES, ROOT, known_tests, read

PROGRAMS = (
    r"stocktake|make|python|dbt|duckdb|pip|curl|source|docker|dagster|sail|export|useradd|cp|systemctl"
    "|journalctl"
)
COMMAND = re.compile(rf"^(?:[A-Z_]+=\S+ |(?:[\d*]+ ){{5}}cd \S+ && )*(?:\S*/)?(?:{PROGRAMS})\b.*")

HERE = (
    "stocktake run",
    "stocktake doctor",
    "stocktake build",
    "stocktake publish",
    "stocktake publish --csv",
    "stocktake sweep --account s2 --confirm-drop",
    "stocktake report --item ST-00088-C",
    'duckdb -readonly warehouse/published/reporting.duckdb "from rpt_freshness"',
    'duckdb -readonly -csv warehouse/published/reporting.duckdb "from rpt_low_stock" >low_stock.csv',
    "curl -X POST $SANDBOX/_sandbox/change -d '{\"count\": 3}'",
    'curl -X PUT $SANDBOX/_sandbox/switches/square -d \'{"empty_second_page": true, "page_rows": 100}\'',
    'curl -X POST $SANDBOX/_sandbox/faults/square -d \'{"kind": "status", "status": 503, "times": 2}\'',
    'curl -X POST $SANDBOX/_sandbox/storm -d \'{"seed": 1, "rate": 0.2}\'',
    "curl -X DELETE $SANDBOX/_sandbox/storm",
    "curl -X PUT $SANDBOX/_sandbox/drifts/sellercloud/inventory -d"
    ' \'{"add": {"Shelf": "A-7"}, "drop": ["ImageUrl"], "retype": {"PhysicalQty": "text"}}\'',
)
"""In this order, by a shell, in one folder whose accounts are `north_store`, `cloud` and `s2`."""
ELSEWHERE = {
    "make demo": "test_the_demo_prints_what_the_readme_shows_and_lives_ten_days",
    "source .venv/bin/activate && mkdir ~/stock && cd ~/stock": (
        "test_installed_into_an_empty_environment_it_runs"
    ),
    "stocktake init && stocktake run && stocktake dashboard": (
        "test_a_person_is_asked_what_is_needed_and_shown_that_it_works"
    ),
    "stocktake init --provider square --account north_store"
    " --set location_ids=18YC4JDH91E1H,59TNP9SA8VGDA --no-try": "test_flags_and_the_environment_are_enough",
    "stocktake dashboard": "test_a_port_that_is_taken_is_said",
    "stocktake sandbox --port 0": "test_the_sandbox_writes_a_project_that_reads_it",
    "stocktake publish --to postgres": "test_it_is_a_command_of_its_own",
    "sail spark server --port 50051": "test_tables_of_spark_are_those_of_duckdb_after_every_round",
    "export STOCKTAKE_PROJECT=/srv/stocktake": ("test_the_file_draws_the_way_from_provider_to_release"),
    "dagster dev -f dagster_definitions.py": "test_the_file_draws_the_way_from_provider_to_release",
    "17 * * * * cd /srv/stocktake && .venv/bin/stocktake run --log-format json >>run.log 2>&1": (
        "test_json_logs_are_one_object_a_line_and_the_result_is_on_stdout"
    ),
}
"""Commands with the test that runs what they do."""
OURS = (
    "make check test",
    ".venv/bin/python -m pytest",
    "make dbt",
    "STOCKTAKE_WORKING_DATABASE=copy.duckdb .venv/bin/dbt",
)
"""What engineers type in a checkout, and whoever takes a change with them."""
ONLY_READ = ("useradd ", "cp stocktake.service", "systemctl ", "journalctl ", "docker ")
"""Nothing of this machine is changed for a test; docs/schedules says what of them was tried."""


def printed() -> list[str]:
    """Every line of a block without a language that begins with a program."""
    blocks = (
        block
        for page in PAGES
        if page.name != "adding_a_provider.md"  # followed to the letter by tests/test_adding_a_provider.py
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```", read(page), re.DOTALL | re.MULTILINE)
        if not language
    )
    return [line for block in blocks for line in block.splitlines() if COMMAND.match(line)]


def test_every_command_that_is_printed_is_run_or_said_to_be_only_read() -> None:
    lines = set(printed())
    assert len(lines) > 30
    installs = {line for line in lines if line.startswith("pip install ")}
    unknown = lines - {*HERE, *ELSEWHERE} - installs
    assert not [line for line in unknown if not line.startswith((*OURS, *ONLY_READ))]
    assert {*HERE, *ELSEWHERE} <= lines
    assert set(ELSEWHERE.values()) <= known_tests()
    extras = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    for line in installs:
        assert set(re.findall(r"stocktake\[(\w+)\]", line)) <= extras.keys(), line


@pytest.mark.slow
@pytest.mark.providers("sellercloud", "square", "ventmere_s2")
def test_commands_that_are_printed_run_as_they_are(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = {"north_store": "square", "cloud": "sellercloud", "s2": "ventmere_s2"}
    project.configure({name: project.account(provider) for name, provider in accounts.items()})
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.setenv("SANDBOX", project.sandbox.url)
    give_statements(project.home)  # or the first of them compiles
    for line in HERE:
        if shutil.which(program := line.split()[0]) is None:
            pytest.skip(f"there is no {program} here")
        told = line.replace("curl ", "curl --fail-with-body --silent --show-error ")
        done = subprocess.run(told, shell=True, cwd=project.folder, capture_output=True, text=True)  # noqa: S602
        assert done.returncode == 0, f"{line}: {done.stdout[-1000:]} {done.stderr[-1000:]}"
    assert len((project.folder / "low_stock.csv").read_text().splitlines()) > 10

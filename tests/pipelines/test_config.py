"""Wrong settings: one sentence, exit code 2, and no request."""

from pathlib import Path

import pytest

from pipelines.config import load_config
from pipelines.descriptions import described_tables
from pipelines.own_settings import COLUMNS_TAKEN, UNUSABLE
from pipelines.registry import PROVIDERS
from pipelines.setting_files import values_by_dlt, values_without_dlt
from tests.conftest import Project

SQUARE = '[accounts.north]\nprovider = "square"\naccess_token = "t"\n'
ICEBERG = '[stocktake]\nlake = "lake"\nlake_format = "iceberg"\n'
BUCKET = ICEBERG.replace('"lake"', '"s3://stock/lake"')
SPARK = '[stocktake]\nlake = "lake"\nengine = "spark"\n'
CONF = f"{SPARK}[spark]\nremote = 'local'\n[spark.conf]\n"

MISTAKES = {
    "no account": ("", "No account is configured"),
    "missing secret": (
        '[accounts.north]\nprovider = "square"',
        "accounts.north.access_token is missing. Looked in the environment (ACCOUNTS__NORTH__ACCESS_TOKEN),"
        " .dlt/secrets.toml and .dlt/config.toml under [accounts.north].",
    ),
    "missing provider": ('[accounts.north]\naccess_token = "t"', "accounts.north.provider is missing"),
    "unknown provider": (
        '[accounts.north]\nprovider = "sqare"',
        "accounts.north.provider: 'sqare' is not known. Did you mean square?",
    ),
    "unknown key": (
        SQUARE + 'acess_token = "t"',
        "accounts.north.acess_token: 'acess_token' is not known. Did",
    ),
    "unknown own key": (
        '[stocktake]\noverlapp = "1m"',
        "stocktake.overlapp: 'overlapp' is not known. Did you",
    ),
    "unknown table": (
        '[account.north]\nprovider = "square"',
        "[account]: 'account' is not known. Did you mean",
    ),
    "no address": (
        SQUARE + 'base_url = "connect.squareup.com"',
        "accounts.north.base_url: this is not a valid URL.",
    ),
    "password in address": (SQUARE + 'base_url = "https://a:b@host"', "accounts.north.base_url: this is no"),
    "number for text": (SQUARE + "api_version = 2026", "accounts.north.api_version is a text"),
    "text for list": (SQUARE + "location_ids = 7", "accounts.north.location_ids is a list of texts"),
    "not one of the choices": (
        '[accounts.s]\nprovider = "ventmere_s2"\nbase_url = "https://h"\naccess_token = "t"\n'
        'available_basis = "nett"',
        "accounts.s.available_basis: 'nett' is not known. Did you mean net?",
    ),
    "password without email": (
        '[accounts.s]\nprovider = "ventmere_s2"\nbase_url = "https://h"\npassword = "p"',
        "accounts.s.access_token is missing",
    ),
    "duration without unit": ('[stocktake]\noverlap = "10"', "stocktake.overlap: '10' is not valid."),
    "floor above one": ("[stocktake]\nsweep_floor = 80", "stocktake.sweep_floor: 80 is not valid."),
    "no releases": ("[stocktake]\nkeep_releases = 0", "stocktake.keep_releases: 0 is not valid."),
    "zone that is none": (
        '[stocktake]\ntimezone = "Europe/Berln"',
        "stocktake.timezone: 'Europe/Berln' is not",
    ),
    "group of one": (
        SQUARE + '[stocktake]\nmirrors = [["north"]]',
        "stocktake.mirrors: [['north']] is not valid.",
    ),
    "account in two groups": (
        SQUARE + '[stocktake]\nmirrors = [["north", "a"], ["a", "b"]]',
        "stocktake.mirrors: [['north', 'a'], ['a', 'b']] is not valid.",
    ),
    "no list of groups": (
        SQUARE + '[stocktake]\nmirrors = ["north", "a"]',
        "stocktake.mirrors: ['north', 'a'] is",
    ),
    "mirror that is not configured": (
        SQUARE + '[stocktake]\nmirrors = [["north", "nort"]]',
        "stocktake.mirrors: 'nort' is not known. Did you mean north?",
    ),
    "tolerance below zero": ("[stocktake]\ntolerance = -1", "stocktake.tolerance: -1 is not valid."),
    "tolerance in words": ('[stocktake]\ntolerance = "5 percent"', "stocktake.tolerance: '5 percent' is not"),
    "name with a dash": (
        '[accounts."my-store"]\nprovider = "square"',
        "accounts.my-store: an account's name",
    ),
    "broken file": ("[accounts", "a file cannot be read as TOML"),
    "a home that is no text": (
        "[stocktake]\nhome = 3\n",
        "stocktake.home: 3 is not valid. It is where the working database",
    ),
    "a zone that is none": (
        '[accounts.sc]\nprovider = "sellercloud"\nbase_url = "https://x.example/rest/api"\n'
        'username = "u"\npassword = "p"\ntimezone = "America/NewYork"\n',
        "accounts.sc.timezone: 'America/NewYork' is not an IANA time zone. Did you mean America/New_York?",
    ),
    "unknown key of notify": (
        '[notify]\nwebhok = "https://h/x"',
        "notify.webhok: 'webhok' is not known. Did you mean webhook?",
    ),
    "a webhook that is no address": (
        '[notify]\nwebhook = "hooks.example/secret-key"',
        "notify.webhook: what is written is not valid. It is the URL that gets a message",
    ),
    "a form that is none": (
        '[notify]\nwebhook = "https://h/x"\nform = "teams"',
        "notify.form: 'teams' is not valid. It is the form of the message",
    ),
    "never stale": (
        '[notify]\nwebhook = "https://h/x"\nstale_after = "0"',
        "notify.stale_after: '0' is not valid.",
    ),
    "staleness that nobody is told": (
        '[notify]\nstale_after = "6h"',
        "notify.stale_after has no effect without notify.webhook",
    ),
    "notify misspelt": (
        '[notfy]\nwebhook = "https://h/x"',
        "[notfy]: 'notfy' is not known. Did you mean notify?",
    ),
    "notify as a value": (
        'notify = "https://h/x"',
        "notify is a value where a table should be. Write [notify].",
    ),
    "a velocity that no sales are counted for": (
        "[stocktake]\nvelocity_days = 7",
        "stocktake.velocity_days: 7 is not valid. It is the days of sales behind the days of cover",
    ),
    "a depth of none": ("[stocktake]\nkit_depth = 0", "stocktake.kit_depth: 0 is not valid."),
    "an age without a unit": (
        "[stocktake]\nreconciliation_max_age = 24",
        "reconciliation_max_age: 24 is not",
    ),
    "a column of no kind": (
        '[[stocktake.custom_field_columns]]\nfield = "COLOR"\ncolumn = "color"\nvalue = "txt"',
        "It is a list of tables, each with field, column and value (text, number, boolean or instant)",
    ),
    "a column that the report has": (
        '[[stocktake.custom_field_columns]]\nfield = "CODE"\ncolumn = "SKU"\nvalue = "text"',
        "rpt_custom_fields_wide has a column SKU already. Give yours another name.",
    ),
    "a column twice": (
        'stocktake.custom_field_columns = [{field = "A", column = "a", value = "text"},'
        ' {field = "B", column = "A", value = "text"}]',
        "no two with one column",
    ),
    "a file of matches that is not there": (
        '[stocktake]\nitem_matches = "mine.csv"',
        "stocktake.item_matches: there is no file",
    ),
    "memory without a unit": (
        "[stocktake]\nmemory_limit = 4",
        "stocktake.memory_limit: 4 is not valid. It is how much memory DuckDB may take, such as",
    ),
    "memory as a share": (
        '[stocktake]\nmemory_limit = "50%"',
        "stocktake.memory_limit: '50%' is not valid.",
    ),
    "a pace that is none": (
        '[accounts.plant]\nprovider = "augno"\napi_key = "k"\nrequests_per_second = 0\n',
        "accounts.plant.requests_per_second: 0 is not a number above 0.",
    ),
    "an engine that is none": ('[stocktake]\nengine = "trino"\n', "stocktake.engine: 'trino' is not valid"),
    "Spark without an address": (SPARK, "spark.remote is not set"),
    "Spark without a lake": (
        '[stocktake]\nengine = "spark"\n[spark]\nremote = "sc://a:1"\n',
        "stocktake.lake is not set",
    ),
    "[spark] without its engine": (
        '[spark]\nremote = "sc://a:1"\n',
        "spark.remote has no effect without stocktake.engine",
    ),
    "an address of Spark in another protocol": (
        f'{SPARK}[spark]\nremote = "http://a:7077"\n',
        "spark.remote: what is written is not valid",
    ),
    "an address of Spark without a port": (
        f'{SPARK}[spark]\nremote = "sc://a"\n',
        "spark.remote: what is written is not valid",
    ),
    "a master of Spark without a port": (
        f'{SPARK}[spark]\nremote = "spark://a"\n',
        "spark.remote: what is written is not valid",
    ),
    "a local Spark without cores": (
        f'{SPARK}[spark]\nremote = "local[]"\n',
        "spark.remote: what is written is not valid",
    ),
    "a table format of Spark that is none": (
        f'{SPARK}[spark]\nremote = "sc://a:1"\ntable_format = "csv"\n',
        "spark.table_format: 'csv'",
    ),
    "a prefix that no schema can have": (
        f'{SPARK}[spark]\nremote = "sc://a:1"\nschema_prefix = "a-"\n',
        "spark.schema_prefix: 'a-'",
    ),
    "unknown key of spark": (
        f'{SPARK}[spark]\nremot = "sc://a:1"\n',
        "spark.remot: 'remot' is not known. Did you mean remote?",
    ),
    "settings of Spark's that are no table": (
        f"{SPARK}[spark]\nremote = 'local'\nconf = 'ice'\n",
        "spark.conf is a value where a table should be",
    ),
    "a setting that is not one of Spark's": (
        f"{CONF}defaultCatalog = 'ice'\n",
        "spark.conf: defaultCatalog is not a setting of Spark's",
    ),
    "a setting of Spark's without quotes": (
        f"{CONF}spark.sql.defaultCatalog = 'ice'\n",
        "spark.conf: spark is more than one value. Write each whole name in quotes",
    ),
    "a format of the lake that is none": (
        '[stocktake]\nlake = "lake"\nlake_format = "hudi"\n',
        "stocktake.lake_format: 'hudi' is not valid",
    ),
    "Iceberg without a lake": (
        '[stocktake]\nlake_format = "iceberg"\n',
        "lake_format has no effect without stocktake.lake",
    ),
    "[iceberg] without its format": (
        '[iceberg]\ntype = "rest"\n',
        "[iceberg] has no effect without stocktake.lake_format",
    ),
    "a bucket without a catalogue": (
        BUCKET,
        "[iceberg] names no catalogue that all homes reach. Set its type",
    ),
    "a setting of Iceberg without quotes": (
        f"{ICEBERG}[iceberg]\ns3.region = 'x'\n",
        "iceberg: s3 is more than one value. Write each whole name in",
    ),
    "iceberg as a value": (
        f'iceberg = "rest"\n{ICEBERG}',
        "iceberg is a value where a table should be. Write [iceberg]",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_sentence_and_no_request(project: Project, text: str, sentence: str) -> None:
    (project.folder / ".dlt" / "config.toml").write_text(text, encoding="utf-8")
    result = project.stocktake("run", exits=2)
    assert sentence in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert project.sandbox.requests == []
    assert not project.home.exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [("stocktake.velocity_days", "91"), ("notify.webhook", "h"), ("spark.table_format", "csv")],
)
def test_a_wrong_value_is_looked_for_where_it_stands(
    project: Project, monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    table, name = key.split(".")
    around = "[stocktake]\n" + ('engine = "spark"\nlake = "lake"\n' if table == "spark" else "")
    text = f'[{table}]\n{name} = "{value}"\n' if table != "stocktake" else f"{name} = {value}\n"
    (project.folder / ".dlt" / "config.toml").write_text(around + text, encoding="utf-8")
    assert "Correct it in .dlt/config.toml." in project.stocktake("run", exits=2).stderr
    (project.folder / ".dlt" / "config.toml").write_text(around, encoding="utf-8")
    (project.folder / ".dlt" / "secrets.toml").write_text(f'{key} = "{value}"', encoding="utf-8")
    assert "Correct it in .dlt/secrets.toml." in project.stocktake("run", exits=2).stderr
    (project.folder / ".dlt" / "secrets.toml").unlink()
    variable = f"{table}__{name}".upper()
    monkeypatch.setenv(variable, value)
    assert f"Correct it in the environment ({variable})." in project.stocktake("run", exits=2).stderr


def test_the_columns_that_a_report_has_are_those_of_its_yaml() -> None:
    assert set(COLUMNS_TAKEN) == described_tables()["rpt_custom_fields_wide"].columns.keys()


def test_without_a_dlt_folder_the_way_out_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    assert "there is no .dlt folder here" in project.stocktake("run", exits=2).stderr


def test_an_unknown_account_on_the_command_line_names_the_known(project: Project) -> None:
    assert "Did you mean square?" in project.stocktake("run", "--account", "squared", exits=2).stderr
    assert "'sq' is not known" in project.stocktake("run", "--provider", "sq", exits=2).stderr


def test_a_misspelt_environment_variable_is_found(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS__SQUARE__ACESS_TOKEN", "t")
    assert "environment: ACCOUNTS__SQUARE__ACESS_TOKEN" in project.stocktake("run", exits=2).stderr


def test_secrets_come_from_their_own_file_or_the_environment(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = project.account("square")
    token = account.pop("access_token")
    project.configure({"north": account})
    (project.folder / ".dlt" / "secrets.toml").write_text(f'[accounts.north]\naccess_token = "{token}"')
    project.load()
    (project.folder / ".dlt" / "secrets.toml").unlink()
    monkeypatch.setenv("ACCOUNTS__NORTH__ACCESS_TOKEN", token)
    project.load()


def test_an_account_may_stand_in_the_environment_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in project.account("square").items():
        monkeypatch.setenv(f"ACCOUNTS__FROM_ENV__{key.upper()}", value)
    project.configure({})
    assert ("from_env", "locations") in project.load()


def test_the_example_of_secrets_names_every_key() -> None:
    text = (Path(__file__).parents[2] / ".dlt" / "example.secrets.toml").read_text(encoding="utf-8")
    for provider in PROVIDERS.values():
        for setting in provider.settings:
            assert not setting.secret or f"\n{setting.name} =" in text or f"\n# {setting.name} =" in text, (
                f"{provider.name}.{setting.name}"
            )


def test_everything_that_is_missing_is_told_at_once(project: Project) -> None:
    (project.folder / ".dlt" / "config.toml").write_text(
        '[accounts.a]\nprovider = "square"\n[accounts.b]\nprovider = "sellercloud"\n'
        '[accounts.c]\nprovider = "square"\naccess_token = "t"\nbase_url = "nowhere"\n'
    )
    said = " ".join(project.stocktake("run", exits=2).stderr.split())
    for key in ("a.access_token", "b.base_url", "b.username", "b.password", "b.timezone"):
        assert said.count(f"accounts.{key} is missing.") == 1, key
    assert "accounts.c.base_url: this is not a valid URL." in said


@pytest.mark.parametrize(
    ("config", "secrets", "words"),
    [
        (
            SQUARE,
            '[accounts.nort]\naccess_token = "t"',
            "accounts.nort: secrets.toml has it, and config.toml has north. Either call it north",
        ),
        (
            SQUARE,
            '[accounts.elsewhere]\naccess_token = "t"',
            "accounts.elsewhere: secrets.toml has it, and config.toml has north. Either add",
        ),
        (
            "",
            '[accounts.north]\naccess_token = "t"',
            "accounts.north: secrets.toml has it, and config.toml has no account. Either add",
        ),
    ],
    ids=["misspelt", "another", "none"],
)
def test_an_account_that_only_the_secrets_have_is_said_to_be_so(
    project: Project, config: str, secrets: str, words: str
) -> None:
    (project.folder / ".dlt" / "config.toml").write_text(config)
    (project.folder / ".dlt" / "secrets.toml").write_text(secrets)
    assert words in " ".join(project.stocktake("run", exits=2).stderr.split())
    project.stocktake("status")


def test_a_home_under_the_users_own_is_found(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(project.folder / "anna"))
    project.configure({"s2": project.account("ventmere_s2")}, home="~/stock")
    assert load_config(project.folder).home == project.folder / "anna" / "stock"
    project.configure({"s2": project.account("ventmere_s2")}, home="~nobody-of-that-name/stock")
    assert "there is no such user" in project.stocktake("run", exits=2).stderr


@pytest.mark.parametrize("character", list(UNUSABLE))
@pytest.mark.parametrize("command", ["run", "doctor", "status"])
def test_a_folder_whose_name_cannot_work_is_refused(project: Project, command: str, character: str) -> None:
    project.configure(home=f"a{character}b")
    said = " ".join(project.stocktake(command, exits=2).stderr.split())
    assert f"with {character} in its name, dlt or DuckDB would misread it." in said
    assert [path.name for path in project.folder.iterdir()] == [".dlt"]


@pytest.mark.parametrize("name", ["config.toml", "secrets.toml"])
@pytest.mark.parametrize("command", ["run", "status"])
def test_a_file_that_cannot_be_read_is_named(project: Project, command: str, name: str) -> None:
    path = project.folder / ".dlt" / name
    path.unlink(missing_ok=True)
    path.mkdir()
    said = project.stocktake(command, exits=2).stderr.replace("\n", "")
    assert said == f"{path}: Is a directory."


def test_what_is_read_without_dlt_is_what_dlt_reads(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may not differ by where a value stands, or by which place decides."""
    dlt = project.folder / ".dlt"
    (dlt / "config.toml").write_text(
        '[stocktake]\nhome = "a"\noverlap = "3m"\n[accounts.x]\nprovider = "augno"\nrequests_per_second = 2.5'
    )
    (dlt / "secrets.toml").write_text('[stocktake]\nhome = "b"\n[accounts.x]\napi_key = "k"')
    monkeypatch.setenv("STOCKTAKE__KEEP_RELEASES", "7")
    monkeypatch.setenv("ACCOUNTS__Y__PROVIDER", "square")
    monkeypatch.setenv("ACCOUNTS__Y__ACCESS_TOKEN", "t")
    monkeypatch.setenv("ACCOUNTS__X__BASE_URL", "")
    texts = {name: (dlt / name).read_text() for name in ("secrets.toml", "config.toml")}
    ours, theirs = values_without_dlt(project.folder, texts), values_by_dlt(project.folder)
    assert ours is not None
    assert dict(ours.documents) == dict(theirs.documents)
    paths = [
        *(f"stocktake.{key}" for key in ("home", "overlap", "keep_releases", "sweep_every")),
        *(f"accounts.x.{key}" for key in ("provider", "api_key", "base_url", "requests_per_second")),
        *(f"accounts.y.{key}" for key in ("provider", "access_token", "location_ids")),
        *("accounts", "accounts.x", "accounts.x.provider.more", "nothing"),
    ]
    assert {path: ours.get(path) for path in paths} == {path: theirs.get(path) for path in paths}
    (dlt / "config.toml").write_text("[providers]\nenable_google_secrets = false\n")
    texts = {"config.toml": (dlt / "config.toml").read_text()}
    assert values_without_dlt(project.folder, texts) is None, "a vault may know more"


@pytest.mark.parametrize("written", ["A,B", '["A", "B"]', " A , B "], ids=["commas", "JSON", "blanks"])
def test_a_list_in_the_environment_is_read_with_commas_and_as_json(
    project: Project, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("ACCOUNTS__SQUARE__LOCATION_IDS", written)
    assert load_config(project.folder).accounts["square"].settings["location_ids"] == ["A", "B"]


@pytest.mark.parametrize("in_environment", [False, True])
def test_what_the_models_are_told_is_checked_and_handed_on(
    project: Project, monkeypatch: pytest.MonkeyPatch, in_environment: bool
) -> None:
    own = '[stocktake]\ntimezone = "Pacific/Kiritimati"\ntolerance = "2.5%"\n'
    mirrors = '[["north", "south"]]'
    if in_environment:
        monkeypatch.setenv("STOCKTAKE__MIRRORS", mirrors)
    else:
        own += f"mirrors = {mirrors}\n"
    (project.folder / ".dlt" / "config.toml").write_text(own + SQUARE + SQUARE.replace("north", "south"))

    told = load_config(project.folder).model_vars

    assert told == {"timezone": "Pacific/Kiritimati", "mirrors": [["north", "south"]], "tolerance": "2.5%"}

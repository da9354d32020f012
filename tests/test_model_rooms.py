"""A line knows its room: which model may read which. Every message says where the line belongs.

Models are read as text, so that a wrong `ref` is told before dbt has anything to parse. `MODELS` is the table
of rooms. tests/test_rooms.py does the same for Python.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STAGING_FIRST = (
    "raw is read by one staging model and by nobody else: read that model, or write one in models/staging"
)
MODELS = {
    "stg_": ("staging", ()),
    "int_": ("intermediate", ("stg_", "int_")),
    "dim_": ("marts", ("stg_", "int_", "dim_")),
    "fct_": ("marts", ("stg_", "int_", "dim_", "bridge_", "fct_")),
    "bridge_": ("marts", ("stg_", "int_", "dim_")),
    "rpt_": ("reporting", ("dim_", "fct_", "bridge_")),
}
SUBJECTS = ("stock", "products", "kits", "matching", "history", "planning", "quality")
"""The folders of intermediate, marts and reporting."""
READ_ADVICE = {
    "int_": "an intermediate model reads staging; what needs a mart is a mart or a report",
    "dim_": "a dimension reads staging, intermediate models and dimensions; a fact is joined in a report",
    "fct_": "a fact reads staging, intermediate models and marts; what two share belongs in one of them",
    "bridge_": "a bridge reads staging, intermediate models and dimensions",
    "rpt_": "a report reads marts only: add the column to a dim_ or fct_ first",
}
REF = re.compile(r"\bref\(\s*['\"](?P<name>\w+)['\"]\s*\)")
RAW = re.compile(r"\b(?:from|join)\s+[\"`]?(?P<schema>raw_\w+)[\"`]?\s*\.", re.IGNORECASE)
LOSES_ROWS = re.compile(r"\b(where|join|distinct|group\s+by|having|qualify|limit)\b", re.IGNORECASE)


SETS_BY_VARIABLE = re.compile(r"\{\{(?=[^}]*\b(?:config|ref|source)\()[^}]*\bvar\(")
"""What a model is, or reads, told by a setting."""


def without_comments(sql):
    """The text with comments blanked, so that lines keep their numbers."""
    blank = lambda match: re.sub(r"[^\n]", " ", match[0])  # noqa: E731
    return re.sub(r"\{#.*?#\}|/\*.*?\*/|--[^\n]*", blank, sql, flags=re.DOTALL)


def raw_readers(macros):
    """The macros that end in a `source()`, however many macros deep."""
    bodies = dict(
        re.findall(
            r"\{%-?\s*macro\s+(\w+)\(.*?\)\s*-?%\}(.*?)\{%-?\s*endmacro", without_comments(macros), re.S
        )
    )
    readers = {"source"}
    while more := {
        name
        for name, body in bodies.items()
        if name not in readers and any(re.search(rf"\b{reader}\(", body) for reader in readers)
    }:
        readers |= more
    return readers


def model_faults(file, sql, readers=frozenset({"source"})):
    """Each thing a model reads that its room may not, as `file:line: what, and where it belongs`.

    `file` is relative to dbt_models/models.
    """
    folders, model = file.split("/")[:-1], file.split("/")[-1].removesuffix(".sql")
    prefix = next((prefix for prefix in MODELS if model.startswith(prefix)), None)
    if prefix is None:
        yield f"{file}:1: a model's name begins with {', '.join(MODELS)}: the beginning says what it may read"
        return
    folder, may_read = MODELS[prefix]
    if folders[:1] != [folder]:
        yield f"{file}:1: a {prefix} model belongs in models/{folder}"
    sql = without_comments(sql)

    def at(match):
        return f"{file}:{sql.count(chr(10), 0, match.start()) + 1}:"

    source = re.compile(rf"\b(?:{'|'.join(sorted(readers))})\(\s*['\"](\w+)['\"]\s*,\s*['\"](\w+)['\"]\s*\)")
    sources = list(source.finditer(sql))
    for match in RAW.finditer(sql):
        yield f"{at(match)} names {match['schema']} itself; write source() in a staging model"
    for match in SETS_BY_VARIABLE.finditer(sql):
        yield f"{at(match)} var() decides what a model is or reads, which dbt is told once: it decides values"
    if prefix == "stg_":
        yield from staging_faults(file, model, folders, sql, sources, at)
        return
    for match in re.finditer(rf"\b(?:{'|'.join(sorted(readers))})\(", sql):
        yield f"{at(match)} reads raw tables by {match[0][:-1]}(); {STAGING_FIRST}"
    for match in REF.finditer(sql):
        if not match["name"].startswith(may_read):
            yield f"{at(match)} reads {match['name']}; {READ_ADVICE[prefix]}"


def provider_of(model, parents):
    """The one provider whose staging a model reads, however many models deep; None if several or none."""
    found, to_follow = set(), [model]
    seen = {model}
    while to_follow:
        for parent in parents.get(to_follow.pop(), ()):
            if parent.startswith("stg_"):
                found.add(parent.removeprefix("stg_").split("__")[0])
            elif parent not in seen:
                seen.add(parent)
                to_follow.append(parent)
    found.discard("stocktake")  # our own accounts and sync log, which any model may need
    return found.pop() if len(found) == 1 else None


def naming_faults(file, parents):
    """An intermediate model of one provider says which; one of several does not; all stand in a subject."""
    layer, *folders, name = file.split("/")
    model = name.removesuffix(".sql")
    if layer == "staging":
        return
    if len(folders) != 1 or folders[0] not in SUBJECTS:
        yield f"{file}:1: belongs in one of models/{layer}/{', '.join(SUBJECTS)}"
    if layer == "intermediate":
        provider = provider_of(model, parents)
        named = model.removeprefix("int_").split("__")[0] if "__" in model else None
        if named != provider:
            right = f"int_{provider}__…" if provider else "int_<entities>_<verb>, without a provider"
            yield f"{file}:1: reads {provider or 'several providers or none'}; its name is {right}"


def staging_faults(file, model, folders, sql, sources, at):
    read = {match.groups() for match in sources}
    if len(read) != 1:
        yield f"{file}:1: reads {len(read)} raw tables; it reads one: joins belong in models/intermediate"
    for provider, table in read:
        if model != f"stg_{provider}__{table}" or folders[1:] != [provider]:
            own = f"models/staging/{provider}/stg_{provider}__{table}.sql"
            yield f"{file}:1: reads {provider}.{table}; that belongs in {own}"
    for match in REF.finditer(sql):
        yield f"{at(match)} reads {match['name']}; a model that reads models belongs in models/intermediate"
    for match in LOSES_ROWS.finditer(sql):
        words = f"{at(match)} says {match[0].lower()}; staging has one row out per row in:"
        yield f"{words} joining, filtering and choosing belong in models/intermediate"


def test_every_model_reads_what_its_room_may_read():
    models = ROOT / "dbt_models" / "models"
    macros = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "dbt_models" / "macros").rglob("*.sql")
    )
    readers = raw_readers(macros)
    files = sorted(models.rglob("*.sql"))
    rooms = {path.relative_to(models).parts[0] for path in files}
    assert rooms == {folder for folder, _ in MODELS.values()}
    texts = {path.relative_to(models).as_posix(): path.read_text(encoding="utf-8") for path in files}
    parents = {
        Path(file).stem: [match["name"] for match in REF.finditer(without_comments(sql))]
        for file, sql in texts.items()
    }
    found = [fault for file, sql in texts.items() for fault in model_faults(file, sql, readers)]
    found += [fault for file in texts for fault in naming_faults(file, parents)]
    assert not found, "\n".join(found)


STG = "staging/square/stg_square__locations.sql"


@pytest.mark.parametrize(
    ("file", "sql", "words"),
    [
        (STG, "select 1 as x", "reads 0 raw tables"),
        (STG, "{{ source('square', 'locations') }} {{ source('square', 'teams') }}", "reads 2 raw tables"),
        (STG, "{{ source('ventmere_s2', 'locations') }}", "stg_ventmere_s2__locations.sql"),
        (
            STG,
            "{{ source('square', 'locations') }}\n{{ ref('stg_square__teams') }}",
            ":2: reads stg_square__teams",
        ),
        (STG, "{{ source('square', 'locations') }}\nwhere not is_deleted", ":2: says where"),
        (
            STG,
            "{{ source('square', 'locations') }} left join {{ source('square', 'locations') }}",
            "says join",
        ),
        ("staging/x/locations.sql", "select 1 as x", "name begins with stg_"),
        ("marts/int_levels.sql", "select 1 as x", "belongs in models/intermediate"),
        (
            "intermediate/int_levels.sql",
            "{{ source('square', 'locations') }}",
            "raw is read by one staging model",
        ),
        ("intermediate/int_levels.sql", "from raw_square.locations", "names raw_square itself"),
        ("intermediate/int_levels.sql", "{{ ref('dim_products') }}", "is a mart or a report"),
        ("marts/dim_products.sql", "{{ ref('fct_levels') }}", "a fact is joined in a report"),
        ("marts/bridge_levels.sql", '{{ ref("fct_moves") }}', "a bridge reads"),
        ("marts/fct_levels.sql", "{{ ref('rpt_stock') }}", "what two share"),
        ("marts/fct_levels.sql", "{{ parsed('square', 'locations') }}", "raw is read by one staging model"),
        ("reporting/rpt_stock.sql", "{{ ref('int_levels') }}", "a report reads marts only"),
        ("reporting/rpt_stock.sql", "{{ ref('rpt_other') }}", "a report reads marts only"),
        ("reporting/rpt_stock.sql", "{{ config(enabled=var('wide')) }}", "var() decides what a model is"),
        ("reporting/rpt_stock.sql", "{{ ref(var('stock')) }}", "var() decides what a model is"),
    ],
)
def test_a_model_that_reads_the_wrong_thing_is_told_where_it_belongs(file, sql, words):
    faults = list(
        model_faults(file, sql, raw_readers("{% macro parsed(a, b) %}{{ source(a, b) }}{% endmacro %}"))
    )
    assert any(words in fault for fault in faults), faults
    assert all(fault.startswith(f"{file}:") for fault in faults)


def test_a_model_that_reads_the_right_thing_is_let_be():
    assert not list(
        model_faults(STG, "-- where joins would be\nselect * from {{ source('square', 'locations') }}")
    )
    assert not list(
        model_faults("marts/dim_products.sql", "{{ ref('int_x') }} {{ ref('stg_y') }} {{ ref('dim_z') }}")
    )
    assert not list(
        model_faults(
            "reporting/rpt_stock.sql",
            "{{ config(tags='x') }} {{ ref('dim_products') }} join {{ ref('fct_levels') }} {{ var('x') }}",
        )
    )
    assert not list(
        model_faults("marts/fct_kits.sql", "{{ ref('fct_levels') }} join {{ ref('bridge_kits') }}")
    )


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("intermediate/stock/int_levels_measured.sql", "int_square__…"),
        ("intermediate/stock/int_augno__levels_measured.sql", "int_square__…"),
        ("intermediate/stock/int_square__all_unioned.sql", "without a provider"),
        ("intermediate/int_square__levels.sql", "belongs in one of models/intermediate/stock"),
        ("marts/levels/fct_levels.sql", "belongs in one of models/marts/stock"),
    ],
)
def test_a_model_that_hides_its_provider_or_its_subject_is_told(file, words):
    parents = {
        "int_levels_measured": ["stg_square__counts", "stg_stocktake__accounts"],
        "int_augno__levels_measured": ["int_levels_measured"],
        "int_square__all_unioned": ["int_levels_measured", "stg_augno__items"],
        "int_square__levels": ["stg_square__counts"],
    }
    (fault,) = naming_faults(file, parents)
    assert words in fault


def test_macros_that_read_raw_are_found_however_deep():
    macros = (
        "{# {% macro comment() %} source( {% endmacro %} #}"
        "{% macro inner(a, b) %}{{ source(a, b) }}{% endmacro %}"
        "{%- macro outer(a) -%}{{ inner(a, 'x') }}{%- endmacro %}{% macro other() %}1{% endmacro %}"
    )
    assert raw_readers(macros) == {"source", "inner", "outer"}

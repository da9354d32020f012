"""Which rows of a model can come out otherwise, told by its own statement.

A model that says `merged_by` its key is made again only for the keys that moved. That its rows of a key are
made of nothing but certain rows of what it reads is not taken on trust: it is derived here from the
statement, as DuckDB parses it. Every relation it reads is one of three:

- sliced: it has the key too, perhaps under other names or as an expression. Its rows of the key are enough.
- looked up: it is joined by something else, as a unit by its id. Where a row of it moved, the keys move
  whose rows have that id.
- neither: where any row of it moved, the model is made whole.

What the derivation does not understand, it refuses, and the model is made whole.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

Tree = Mapping[str, Any]
"""A query or an expression, as DuckDB writes its own: json_serialize_sql."""

SCALAR = frozenset(
    {
        "||",
        "chr",
        "concat",
        "lower",
        "md5",
        "nullif",
        "regexp_full_match",
        "regexp_replace",
        "replace",
        "translate",
        "trim",
    }
)
"""Functions of one row that a key may be made with."""
EXCEPTIONS = ("exclude_list", "replace_list", "rename_list", "expr", "columns")
"""What makes a star another one than all columns."""
PLACE = ("query_location", "query_location_length", "alias")
"""Where an expression stood and what it was called do not make it another one."""


class UnknownError(Exception):
    """The statement has something of which it is not known whether it keeps keys apart."""


@dataclass(frozen=True)
class Moved:
    """Rows of a relation that are others than they were, by these expressions over its columns."""

    relation: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class Asking:
    """What is asked of the rows that moved."""

    moved: tuple[Moved, ...]
    """Values that moved because rows of them did."""
    lookups: tuple["Lookup", ...]
    """Those that moved because something did that is joined to their rows."""

    def all_moved(self) -> Iterator[Moved]:
        """All that is asked for, of what is looked up too."""
        yield from self.moved
        for one in self.lookups:
            yield from one.all_moved()


@dataclass(frozen=True)
class Lookup(Asking):
    """A relation that is joined by something else than the key; its values are what it is joined by."""

    keys: str
    """The keys whose rows it belongs to, as a query that reads those values from `looked_up`."""


@dataclass(frozen=True)
class Slice(Asking):
    """How to make a model's rows of some keys."""

    key: tuple[str, ...]
    sliced: tuple[Moved, ...]
    """The relations of which the rows of those keys are enough."""
    whole: tuple[str, ...]
    """The relations of which no row may have moved."""
    relations: tuple[str, ...]
    """All that it reads, through views too."""
    sql: str
    """The statement, in which those relations are called as `slice_name` says, and no view is read."""


def slice_name(relation: str) -> str:
    """What stands in a statement for a relation of which only some keys are read."""
    return f"slice_of_{relation}"


class Parser:
    """DuckDB, which reads and writes statements. Each is read once: a view comes for each that reads it."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._read: dict[str, Tree] = {}

    def parsed(self, sql: str) -> Tree:
        """The query that a statement is."""
        if sql not in self._read:
            found = self._connection.execute("select json_serialize_sql(?::varchar)", [sql]).fetchall()
            tree = json.loads(found[0][0])
            if tree["error"] or len(tree["statements"]) != 1:
                raise UnknownError(str(tree.get("error_message", "it is not one statement")))
            self._read[sql] = tree["statements"][0]["node"]
        return self._read[sql]

    def written(self, node: Tree) -> str:
        """The statement that a query is."""
        tree = {"error": False, "statements": [{"node": node, "named_param_map": []}]}
        found = self._connection.execute(
            "select json_deserialize_sql(?::json)", [json.dumps(tree)]
        ).fetchall()
        return str(found[0][0])


@dataclass(frozen=True)
class Relations:
    """What statements may read."""

    views: Mapping[str, str]
    """Statements by `schema.name`: what a view reads is read through it."""
    names: Mapping[str, str]
    """How a relation is called here, by `schema.name`."""
    statements: Mapping[str, str]
    """What each is made of, views or not."""
    parser: Parser = field(default_factory=Parser, compare=False)


def derive(sql: str, key: Sequence[str], relations: Relations) -> Slice:
    """How to make rows of some keys.

    Raises:
        UnknownError: it cannot be told.
    """
    trace = _Trace(relations)
    found = trace.query(relations.parser.parsed(sql), {}, [_column(name) for name in key])
    flat = trace.flat(sql)
    demands: dict[str, set[tuple[str, ...]]] = {}
    for one in found.moved:
        demands.setdefault(one.relation, set()).add(one.by)
    otherwise = {one.relation for lookup in found.lookups for one in lookup.all_moved()} | found.whole
    sliced = tuple(
        Moved(relation, *by)
        for relation, by in sorted(demands.items())
        if len(by) == 1 and relation not in otherwise
    )
    for one in sliced:
        flat = _renamed(flat, trace.written[one.relation], f'"{slice_name(one.relation)}"')
    return Slice(
        key=tuple(key),
        moved=tuple(dict.fromkeys(found.moved)),
        lookups=tuple(dict.fromkeys(found.lookups)),
        sliced=sliced,
        whole=tuple(sorted(found.whole)),
        relations=tuple(sorted({*demands, *otherwise})),
        sql=flat,
    )


@dataclass
class _Found:
    """What a query reads."""

    moved: list[Moved] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    whole: set[str] = field(default_factory=set)

    def add(self, other: "_Found") -> None:
        self.moved += other.moved
        self.lookups += other.lookups
        self.whole |= other.whole


@dataclass(frozen=True)
class _Item:
    """Something that is read from, under a name."""

    name: str
    read: Tree
    is_optional: bool = False
    """It may have no row: the right side of a left join."""
    joined_on: tuple[tuple[Tree, Tree], ...] = ()
    """Pairs that are equal wherever it has a row."""


Scope = Mapping[str, tuple[Tree, "Scope"]]


class _Trace:
    """Follows a key from what a query gives to what it reads."""

    def __init__(self, relations: Relations) -> None:
        self._relations = relations
        self._parsed = relations.parser.parsed
        self.written: dict[str, tuple[str, str]] = {}

    def flat(self, sql: str) -> str:
        """The statement with every view's own in its place."""
        for relation, view in self._relations.views.items():
            schema, name = relation.split(".")
            if re.search(_written(schema, name), sql):
                sql = _renamed(sql, (schema, name), f"(\n{self.flat(view)}\n)")
        return sql

    def query(self, node: Tree, scope: "Scope", keys: Sequence[Tree]) -> _Found:
        """What rows of these keys are made of.

        Args:
            keys: expressions over the columns that the query gives.
        """
        scope = _within_scope(node, scope)
        _refuse_modifiers(node)
        if node["type"] == "SET_OPERATION_NODE":
            return self._union(node, scope, keys)
        if node["type"] != "SELECT_NODE":
            raise UnknownError(node["type"])
        return self._select(node, scope, keys)

    def _union(self, node: Tree, scope: "Scope", keys: Sequence[Tree]) -> _Found:
        if node["setop_type"] != "UNION":
            raise UnknownError(node["setop_type"])
        branches = _branches(node)
        names = self._names(node, scope)
        found = _Found()
        for branch in branches:
            same = dict(zip(names, self._names(branch, scope), strict=True))
            found.add(self.query(branch, scope, [_renamed_columns(key, same) for key in keys]))
        return found

    def _names(self, node: Tree, scope: "Scope") -> list[str]:
        """The columns that a query gives, in their order."""
        scope = _within_scope(node, scope)
        if node["type"] == "SET_OPERATION_NODE":
            return self._names(_branches(node)[0], scope)
        names = []
        for one in node["select_list"]:
            if one["class"] != "STAR":
                names.append(_output_name(one))
                continue
            if any(one[part] for part in EXCEPTIONS):
                raise UnknownError("a star with exceptions")
            for item in self._items(node["from_table"]):
                if one["relation_name"] in ("", item.name):
                    names += self._names_of(item.read, scope)
        return names

    def _names_of(self, read: Tree, scope: "Scope") -> list[str]:
        if read["type"] == "SUBQUERY":
            return self._names(read["subquery"]["node"], scope)
        schema, name = read["schema_name"], read["table_name"]
        if not schema and name in scope:
            return self._names(*scope[name])
        statement = self._relations.statements.get(f"{schema}.{name}")
        if statement is None:
            raise UnknownError(f"what {schema}.{name} is")
        return self._names(self._parsed(statement), {})

    def _select(self, node: Tree, scope: "Scope", keys: Sequence[Tree]) -> _Found:
        if node["sample"] or node["aggregate_handling"] != "STANDARD_HANDLING" or len(node["group_sets"]) > 1:
            raise UnknownError("a sample, or groups of several kinds")
        items = list(self._items(node["from_table"]))
        own = [self._own(key, node["select_list"], items) for key in keys]
        if not any(_columns(key) for key in own):
            raise UnknownError("the key is none of what is read")
        for part in ("select_list", "where_clause", "having", "qualify", "group_expressions"):
            if any(one.get("class") == "SUBQUERY" for one in _within(node[part])):
                raise UnknownError("a subquery in an expression")
        groups = [self._part(one, items) for one in node["group_expressions"]]
        if groups and not all(_is_made_of(key, groups) for key in own):
            raise UnknownError("groups that mix keys")
        for one in _within([node["select_list"], node["qualify"]]):
            if one.get("class") == "WINDOW":
                parts = [self._part(part, items) for part in one["partitions"]]
                if not all(_is_made_of(key, parts) for key in own):
                    raise UnknownError("a window that mixes keys")
        return self._read(items, scope, own)

    def _items(self, read: Tree, is_optional: bool = False) -> Iterator[_Item]:
        """What is read from, from left to right."""
        if read["type"] == "JOIN":
            if read["ref_type"] not in ("REGULAR", "CROSS") or read["join_type"] not in ("INNER", "LEFT"):
                raise UnknownError(f"a join {read['ref_type']} {read['join_type']}")
            if read["using_columns"]:
                raise UnknownError("a join by using")
            lefts = list(self._items(read["left"], is_optional))
            rights = list(self._items(read["right"], is_optional or read["join_type"] == "LEFT"))
            names = {item.name for item in rights}
            pairs = tuple(
                pair
                for pair in _equals(read["condition"])
                if len(_of(pair[0]) & names) != len(_of(pair[1]) & names)
            )
            # Only an inner join says something of what stood there before it.
            joined = rights if read["join_type"] == "LEFT" else [*lefts, *rights]
            for item in [*lefts, *rights]:
                yield replace(item, joined_on=(*item.joined_on, *pairs)) if item in joined else item
        elif read["type"] not in ("BASE_TABLE", "SUBQUERY") or read["sample"] or read.get("at_clause"):
            raise UnknownError(f"reading from {read['type']}")
        elif read["column_name_alias"]:
            raise UnknownError("columns with other names")
        else:
            yield _Item(read["alias"] or read.get("table_name") or "unnamed_subquery", read, is_optional)

    def _own(self, key: Tree, select_list: Sequence[Tree], items: Sequence[_Item]) -> Tree:
        """A key over the columns a query gives, over what it reads."""

        def behind(column: Tree) -> Tree:
            name = _name(column)
            for one in select_list:
                if one["class"] != "STAR" and _output_name(one) == name:
                    return self._qualified(one, items)
            stars = [one for one in select_list if one["class"] == "STAR"]
            of = {item.name for one in stars for item in items if one["relation_name"] in ("", item.name)}
            is_plain = not any(one[part] for one in stars for part in EXCEPTIONS)
            if len(of) != 1 or not is_plain:
                raise UnknownError(f"where {name} comes from")
            return _column(*of, name)

        own: Tree = _replaced(key, behind)
        for one in _within(own):
            is_scalar = one.get("class") != "FUNCTION" or one["function_name"] in SCALAR
            if one.get("class") in ("WINDOW", "SUBQUERY", "LAMBDA", "STAR", "PARAMETER") or not is_scalar:
                raise UnknownError("a key that is worked out of several rows")
        optional = {item.name for item in items if item.is_optional}
        if any(column["column_names"][0] in optional for column in _columns(own)):
            raise UnknownError("a key that may be missing")
        return own

    def _part(self, expression: Tree, items: Sequence[_Item]) -> Tree:
        """What rows are grouped by; something that no key is equal to where it is not understood."""
        try:
            return self._qualified(expression, items)
        except UnknownError:
            return {"class": "NOT_UNDERSTOOD"}

    def _qualified(self, expression: Tree, items: Sequence[_Item]) -> Tree:
        """An expression in which every column says what it is of."""
        names = {item.name for item in items}

        def qualified(column: Tree) -> Tree:
            parts = column["column_names"]
            if len(parts) == 2 and parts[0] in names:
                return _column(*parts)
            if len(parts) == 1 and len(items) == 1:
                return _column(items[0].name, parts[0])
            raise UnknownError(f"what {'.'.join(parts)} is of")

        found: Tree = _replaced(_bare(expression), qualified)
        return found

    def _read(self, items: Sequence[_Item], scope: "Scope", own: Sequence[Tree]) -> _Found:
        pairs = [pair for item in items for pair in item.joined_on]
        found, others = _Found(), []
        for item in items:
            by = [_translated(key, item.name, pairs) for key in own]
            if None in by:
                others.append(item)
            else:
                found.add(self._relation(item, scope, [_unqualified(one) for one in by if one]))
        if len(others) == len(items):
            raise UnknownError("nothing that is read has the key")
        for item in others:
            found.add(self._looked_up(item, items, scope, own, pairs))
        return found

    def _relation(self, item: _Item, scope: "Scope", keys: Sequence[Tree]) -> _Found:
        read = item.read
        if read["type"] == "SUBQUERY":
            return self.query(read["subquery"]["node"], scope, keys)
        schema, name = read["schema_name"], read["table_name"]
        if not schema and name in scope:
            return self.query(*scope[name], keys)
        relation = f"{schema}.{name}"
        if relation in self._relations.views:
            return self.query(self._parsed(self._relations.views[relation]), {}, keys)
        if relation not in self._relations.names:
            raise UnknownError(f"what {relation} is")
        self.written[self._relations.names[relation]] = (schema, name)
        return _Found([Moved(self._relations.names[relation], tuple(self._sql(key) for key in keys))])

    def _looked_up(
        self, item: _Item, items: Sequence[_Item], scope: "Scope", own: Sequence[Tree], pairs: Sequence[Any]
    ) -> _Found:
        """What is joined by something else than the key."""
        joined = [pair for one in item.joined_on if (pair := _sides(one, item.name))]
        ways = []
        for other in items:
            keys = [_translated(key, other.name, pairs) for key in own]
            values = [_translated(said, other.name, pairs) for _, said in joined]
            if other is not item and None not in keys and any(values):
                by = [(place, value) for place, value in enumerate(values) if value]
                ways.append((-len(by), by[0][0], other, keys, by))
        # By as much as can be; else by what is said first, which tells rows apart best.
        for _, _, other, keys, by in sorted(ways, key=lambda way: way[:2]):
            try:
                behind = self._relation(item, scope, [_unqualified(joined[place][0]) for place, _ in by])
                query = self._keys_of(other, scope, [key for key in keys if key], [value for _, value in by])
            except UnknownError:
                continue
            if not behind.whole:
                return _Found(lookups=[Lookup(tuple(behind.moved), tuple(behind.lookups), query)])
        return _Found(whole=self._all_behind(item.read, scope))

    def _keys_of(self, item: _Item, scope: "Scope", keys: Sequence[Tree], values: Sequence[Tree]) -> str:
        keys_sql = ", ".join(
            f"{self._sql(_unqualified(key))} as value_{place}" for place, key in enumerate(keys)
        )
        values_sql = ", ".join(self._sql(_unqualified(value)) for value in values)
        read = item.read
        if read["type"] == "SUBQUERY":
            raise UnknownError("looking up for a subquery")
        chain = self._with(read["table_name"], scope) if not read["schema_name"] else ""
        from_name = ".".join(f'"{part}"' for part in (read["schema_name"], read["table_name"]) if part)
        return (
            f"{chain}select {keys_sql} from {from_name}"
            f" where ({values_sql}) in (select {_all_of('looked_up', len(values))})"
        )

    def _with(self, name: str, scope: "Scope") -> str:
        """A common table expression with all that it reads, as the beginning of a statement."""
        if name not in scope:
            raise UnknownError(f"what {name} is")
        needed: list[str] = []

        def visit(name: str, scope: "Scope") -> None:
            node, inner = scope[name]
            for one in _within(node):
                if one.get("type") == "BASE_TABLE" and not one["schema_name"] and one["table_name"] in inner:
                    visit(one["table_name"], inner)
            if name not in needed:
                needed.append(name)

        visit(name, scope)
        parts = [f'"{one}" as ({self._relations.parser.written(scope[one][0])})' for one in needed]
        return f"with {', '.join(parts)} "

    def _all_behind(self, read: Tree, scope: "Scope") -> set[str]:
        """Every relation that is read there, through views too."""
        found: set[str] = set()
        for one in _within(read):
            if one.get("type") != "BASE_TABLE":
                continue
            schema, name = one["schema_name"], one["table_name"]
            relation = f"{schema}.{name}"
            if not schema and name in scope:
                found |= self._all_behind(*scope[name])
            elif relation in self._relations.views:
                node = self._parsed(self._relations.views[relation])
                found |= self._all_behind(node, _within_scope(node, {}))
            elif relation in self._relations.names:
                self.written[self._relations.names[relation]] = (schema, name)
                found.add(self._relations.names[relation])
            elif schema:
                raise UnknownError(f"what {relation} is")
        return found

    def _sql(self, expression: Tree) -> str:
        node = {**self._parsed("select 1 from dual"), "select_list": [expression]}
        return self._relations.parser.written(node).removeprefix("SELECT ").removesuffix(" FROM dual")


def _within_scope(node: Tree, scope: "Scope") -> "Scope":
    """The scope inside a query: with its common table expressions, of which each sees those before it."""
    for entry in node["cte_map"]["map"]:
        scope = {**scope, entry["key"]: (entry["value"]["query_node"], scope)}
    return scope


def _refuse_modifiers(node: Tree) -> None:
    for one in node["modifiers"]:
        is_plain = one["type"] == "DISTINCT_MODIFIER" and not one["distinct_on_targets"]
        if not is_plain and one["type"] != "ORDER_MODIFIER":
            raise UnknownError(one["type"])


def _branches(node: Tree) -> list[Tree]:
    return list(node.get("children") or [node["left"], node["right"]])


def _column(*names: str) -> Tree:
    return {
        "class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "query_location": 0,
        "query_location_length": 0, "column_names": list(names),
    }  # fmt: skip


def _name(column: Tree) -> str:
    return str(column["column_names"][-1])


def _output_name(expression: Tree) -> str:
    return str(expression["alias"] or (_name(expression) if expression["class"] == "COLUMN_REF" else ""))


def _within(tree: Any) -> Iterator[Tree]:
    """Every part of a tree, itself first."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _within(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _within(value)


def _columns(expression: Tree) -> list[Tree]:
    return [one for one in _within(expression) if one.get("class") == "COLUMN_REF"]


def _replaced(tree: Any, change: Callable[[Tree], Tree]) -> Any:
    """The tree with every column replaced."""
    if isinstance(tree, dict):
        if tree.get("class") == "COLUMN_REF":
            return change(tree)
        return {key: _replaced(value, change) for key, value in tree.items()}
    return [_replaced(value, change) for value in tree] if isinstance(tree, list) else tree


def _bare(tree: Any) -> Any:
    """An expression without where it stood."""
    if isinstance(tree, dict):
        bare = {key: _bare(value) for key, value in tree.items() if key not in PLACE}
        return (
            {**bare, "alias": "", "query_location": 0, "query_location_length": 0}
            if "class" in tree
            else bare
        )
    return [_bare(value) for value in tree] if isinstance(tree, list) else tree


def _unqualified(expression: Tree) -> Tree:
    found: Tree = _replaced(expression, lambda column: _column(_name(column)))
    return found


def _renamed_columns(expression: Tree, names: Mapping[str, str]) -> Tree:
    def renamed(column: Tree) -> Tree:
        if _name(column) not in names:
            raise UnknownError(f"a union without {_name(column)}")
        return _column(names[_name(column)])

    found: Tree = _replaced(expression, renamed)
    return found


def _is_made_of(expression: Tree, parts: Iterable[Tree]) -> bool:
    """Whether rows that have these parts in common have the expression in common."""
    parts = list(parts)
    if expression in parts or expression.get("class") == "CONSTANT":
        return True
    return all(column in parts for column in _columns(expression))


def _equals(condition: Tree | None) -> Iterator[tuple[Tree, Tree]]:
    """Pairs that are equal wherever the condition holds."""
    for one in _conjuncts(condition):
        if any(part.get("class") == "SUBQUERY" for part in _within(one)):
            raise UnknownError("a subquery in a join")
        if one.get("class") == "COMPARISON" and one["type"] == "COMPARE_EQUAL":
            yield _bare(one["left"]), _bare(one["right"])


def _conjuncts(condition: Tree | None) -> Iterator[Tree]:
    if condition and condition.get("type") == "CONJUNCTION_AND":
        for one in condition["children"]:
            yield from _conjuncts(one)
    elif condition:
        yield condition


def _of(expression: Tree) -> set[str]:
    """What its columns are of."""
    return {
        column["column_names"][0] if len(column["column_names"]) > 1 else ""
        for column in _columns(expression)
    }


def _translated(
    expression: Tree, name: str, pairs: Sequence[tuple[Tree, Tree]], seen: Any = ()
) -> Tree | None:
    """The same value over the columns of what has that name, wherever it has a row."""
    if _of(expression) <= {name}:
        return expression
    if expression in seen:
        return None
    for left, right in pairs:
        for one, other in ((left, right), (right, left)):
            # Through a column only: an expression may have a value where the row it is of is missing.
            if one != expression or (other["class"] != "COLUMN_REF" and _of(other) != {name}):
                continue
            if found := _translated(other, name, pairs, [*seen, expression]):
                return found
    if expression["class"] == "COLUMN_REF":
        return None
    try:
        return _replaced(expression, lambda column: _or_give_up(_translated(column, name, pairs, seen)))  # type: ignore[no-any-return]
    except UnknownError:
        return None


def _or_give_up(found: Tree | None) -> Tree:
    if found is None:
        raise UnknownError("no such column there")
    return found


def _sides(pair: tuple[Tree, Tree], name: str) -> tuple[Tree, Tree] | None:
    """A pair of equals as what is of that name, and what is not."""
    for mine, other in (pair, pair[::-1]):
        if _of(mine) == {name} and _of(other) and name not in _of(other):
            return mine, other
    return None


def _all_of(relation: str, count: int) -> str:
    return f"{', '.join(f'value_{number}' for number in range(count))} from {relation}"


def _written(schema: str, name: str) -> str:
    return rf'("\w+"\.)?"{schema}"\."{name}"'


def _renamed(sql: str, written: tuple[str, str], name: str) -> str:
    return re.sub(_written(*written), lambda _: name, sql)

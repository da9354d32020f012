"""What rows add up to: one number, by which a table, or a part of one, is known to hold what it held."""


def sum_of_rows(columns: str) -> str:
    """SQL for that number, in whatever order the rows stand. It holds within one version of DuckDB.

    Args:
        columns: what of a row counts, as SQL lists it; or the name of the table, for all of it.
    """
    return f"coalesce(sum({row_hash(columns)}), 0)"


def count_and_sum(columns: str) -> str:
    """SQL for how many rows there are, and that number: what a build notes of a table's content."""
    return f"count(*), {sum_of_rows(columns)}"


def row_hash(columns: str) -> str:
    """SQL for what one row adds to it.

    Hashed twice: DuckDB joins the hashes of a row's columns by xor, and what an even number of rows share,
    such as the moment of a load, would be lost where they are joined by xor too; a sum of those can stay the
    same when two rows swap a value.
    """
    return f"hash(hash({columns}))"

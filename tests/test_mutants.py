"""The mutants of `make mutants` still fit the code; whether they are noticed, it tries itself."""

import pytest

from tests.mutants import MUTANTS, ROOT, Mutant, without


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guard)
def test_a_guard_stands_where_its_mutant_takes_it_out(mutant: Mutant) -> None:
    assert without(mutant) != (ROOT / mutant.file).read_text(encoding="utf-8")
    file, _, test = mutant.test.partition("::")
    assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")

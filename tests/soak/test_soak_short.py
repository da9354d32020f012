"""A few schedules in every test run, always the same; `make soak` draws many more."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as with_seed
from hypothesis.stateful import run_state_machine_as_test

from tests.soak.machine import Stocktaking

FEW = settings(
    max_examples=6,
    stateful_step_count=6,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # a failure is told as it was found: `python -m tests.soak` shrinks
)


def test_a_few_schedules_end_with_the_truth_and_break_no_rule_on_the_way() -> None:
    run_state_machine_as_test(with_seed(20260105)(Stocktaking), settings=FEW)

"""Every judgement of the models: a few rows in, what must come out.

They stand in dbt_models/models/*/_*__unit_tests.yml.

`stocktake build` leaves them out: they judge the models' text, which a user's build does not change.
"""

from working_database import WorkingDatabase


def test_every_judgement_of_the_models_holds(working_database: WorkingDatabase) -> None:
    working_database.build(tests=False)  # a unit test asks the tables it stands in for about their types
    judged = working_database.dbt("test", "--select", "test_type:unit")

    assert len(judged) > 20
    assert {str(result.status) for result in judged} == {"pass"}

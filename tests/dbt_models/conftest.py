import pytest
from working_database import WorkingDatabase


@pytest.fixture(scope="module")
def working_database(tmp_path_factory: pytest.TempPathFactory) -> WorkingDatabase:
    return WorkingDatabase(tmp_path_factory.mktemp("models"))

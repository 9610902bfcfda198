"""Commands that run executions in their own process want a database of their own."""

import pytest

from maestrale.cli.database import own_database
from maestrale.errors import InvalidInput

from .processes import Maestrale


@pytest.mark.parametrize(
    ("command", "instead"),
    [
        (["run", "greet.yaml"], "maestrale execution start"),
        (["resume", "1234"], "maestrale execution resume"),
        (["rerun", "1234", "hello"], "maestrale execution rerun"),
        (["skip", "1234", "hello"], "maestrale execution skip"),
    ],
)
def test_they_refuse_a_server_and_name_the_command_that_asks_one(
    maestrale: Maestrale, command: list[str], instead: str
) -> None:
    result = maestrale(*command, "--database", "postgresql://user:secret@host/trees")

    assert (
        result.code,
        "[database-shared]" in result.stderr,
        instead in result.stderr,
        "secret" in result.stderr,
    ) == ((2, True, True, False))


def test_a_file_is_a_database_of_ones_own() -> None:
    assert own_database("sqlite:///trees.db", instead="`nothing`") == "sqlite:///trees.db"


def test_the_refusal_shows_which_database_and_no_password() -> None:
    with pytest.raises(InvalidInput) as caught:
        own_database("postgresql://user:secret@host/trees", instead="`this`")

    assert caught.value.message.endswith("servers share `postgresql://user@host/trees`")

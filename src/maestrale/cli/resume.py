"""`maestrale resume`: take up an execution that was interrupted or paused."""

from msgspec import Struct

from maestrale.cli.database import own_database
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.finding import find_root
from maestrale.cli.inputs import read_mapping
from maestrale.cli.session import Session, View
from maestrale.core.status import ENDED_EXECUTION, ExecutionState
from maestrale.errors import InvalidInput
from maestrale.expressions import Json
from maestrale.main import Node
from maestrale.store import open_store


class Arguments(Struct, frozen=True, kw_only=True):
    """The command line of `maestrale resume`. `execution` None: the latest that has not ended."""

    execution: str | None = None
    database: str | None = None
    env_file: str | None = None
    view: View = View()


def resume(arguments: Arguments) -> ExitCode:
    """Go on with an execution; the exit code. One that has ended is only reported.

    Raises:
        Error: There is none, another process runs it, or the database cannot be used.
    """
    database = own_database(arguments.database, instead="`maestrale execution resume`")
    env = read_mapping(arguments.env_file, what="environment file") if arguments.env_file else {}
    with open_store(database, create=False) as store:
        root = find_root(store, arguments.execution, unfinished_only=True)
        if env and root.state is not ExecutionState.PAUSED:
            raise InvalidInput(
                f"--env-file changes the environment of a paused execution, and `{root.id}` is {root.state}",
                code="env-not-wanted",
                hint="leave --env-file out",
            )
        rows = store.load_tree(root.id) if root.state in ENDED_EXECUTION else None
    session = Session(root.id, database=database, create=False, view=arguments.view)
    if rows is not None:
        session.progress.load(rows)
        return session.report()
    return session.run(lambda node, session: _begin(node, session, env))


async def _begin(node: Node, session: Session, env: dict[str, Json]) -> None:
    """Take the tree over and go on with it; in the meantime it may have ended all the same."""
    root_id = session.progress.root_id
    node.store.claim_tree(root_id)
    if session.progress.root is None:
        rows = node.store.load_tree(root_id)
        assert rows is not None
        session.progress.load(rows)
    await node.engine.adopt(root_id)
    root = session.progress.root
    if root is not None and root.state is ExecutionState.PAUSED:
        await node.engine.resume(root_id, root_id=root_id, env=env)

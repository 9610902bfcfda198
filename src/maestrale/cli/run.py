"""`maestrale run`: start a workflow from files and run it to its end."""

import sys
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from maestrale.cli.database import own_database
from maestrale.cli.definitions import Document, check_files, check_names, choose_workflow, read_documents
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.files import STDIN
from maestrale.cli.inputs import read_mapping, read_pairs
from maestrale.cli.problems import describe_all, has_errors, summary
from maestrale.cli.session import Session, View
from maestrale.cli.terminal import say
from maestrale.core.state import Pin
from maestrale.engine import StartRequest
from maestrale.errors import InvalidInput
from maestrale.expressions import Json
from maestrale.expressions.suggestions import Suggestions
from maestrale.ids import new_id
from maestrale.lang import Workflow, WorkflowType
from maestrale.main import Node


class Arguments(Struct, frozen=True, kw_only=True):
    """The command line of `maestrale run`."""

    file: str
    workflow: str | None = None
    pairs: Sequence[str] = ()
    input_file: str | None = None
    env_file: str | None = None
    task: str | None = None
    include: Sequence[str] = ()
    database: str | None = None
    view: View = View()


def run(arguments: Arguments) -> ExitCode:
    """Run a workflow; the exit code.

    Raises:
        Error: The command line, a file or the input is wrong, or the database cannot be used.
    """
    database = own_database(
        arguments.database, instead="`maestrale workflow create` and `maestrale execution start`"
    )
    files = [arguments.file, *arguments.include]
    check_files([*files, *(file for file in (arguments.input_file, arguments.env_file) if file)])
    documents = read_documents(files)
    for line in describe_all(documents, stream=sys.stderr):
        say(line)
    if has_errors(documents):
        say(summary(documents))
        return ExitCode.WRONG_USAGE
    check_names(documents)
    definitions = documents[0].definitions
    assert definitions is not None
    workflow = choose_workflow(definitions, arguments.workflow, path=documents[0].name)
    request = StartRequest(
        id=new_id(),
        workflow=workflow.name,
        pins=(),
        input=_input(arguments),
        params=_params(arguments, workflow),
    )
    session = Session(request.id or "", database=database, create=True, view=arguments.view)
    return session.run(lambda node, _: _begin(node, documents, request))


def _input(arguments: Arguments) -> dict[str, Json]:
    """The input: that of the file, and over it the pairs."""
    pairs = read_pairs(arguments.pairs)
    if arguments.input_file is None:
        return pairs
    return {**read_mapping(arguments.input_file, what="input file"), **pairs}


def _params(arguments: Arguments, workflow: Workflow) -> dict[str, Json]:
    params: dict[str, Json] = {}
    if arguments.env_file is not None:
        params["env"] = read_mapping(arguments.env_file, what="environment file")
    if workflow.type is WorkflowType.REVERSE:
        params["task_name"] = _target(workflow, arguments.task)
    elif arguments.task is not None:
        raise InvalidInput(
            f"the workflow `{workflow.name}` is a direct one, and --task is for reverse ones",
            code="task-not-wanted",
            hint="leave --task out: a direct workflow begins with the tasks that nothing leads to",
        )
    return params


def _target(workflow: Workflow, task: str | None) -> str:
    names = ", ".join(f"`{name}`" for name in workflow.tasks)
    if task is None:
        raise InvalidInput(
            f"the workflow `{workflow.name}` is a reverse one: it runs one task and what that requires",
            code="target-task",
            hint=f"name the task with --task; there are: {names}",
        )
    if task not in workflow.tasks:
        raise InvalidInput(
            f"the workflow `{workflow.name}` has no task `{task}`",
            code="target-task",
            hint=Suggestions().hint(task, workflow.tasks) or f"there are: {names}",
        )
    return task


async def _begin(node: Node, documents: Sequence[Document], request: StartRequest) -> None:
    pins: list[Pin] = []
    for document in documents:
        assert document.definitions is not None
        name = "<stdin>" if document.name == STDIN else document.name
        pins.extend(await node.engine.deploy(name, document.text, document.definitions))
    await node.engine.start(replace(request, pins=tuple(pins)))

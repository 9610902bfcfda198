"""`maestrale eval`: chooses where expressions are evaluated, and has those evaluated that are asked for."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from msgspec import Struct

from maestrale.cli.evaluation.answers import Answers, Form
from maestrale.cli.evaluation.places import Place
from maestrale.cli.evaluation.questions import Question, question_of
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.files import STDIN
from maestrale.cli.terminal import is_terminal
from maestrale.errors import InvalidInput


class Arguments(Struct, frozen=True, kw_only=True):
    """The command line of `maestrale eval`."""

    expressions: Sequence[str] = ()
    data: str | None = None
    env: str | None = None
    execution: str | None = None
    task: str | None = None
    before: bool = False
    item: int | None = None
    database: str | None = None
    url: str | None = None
    project: str | None = None
    token: str | None = None
    cases: Sequence[str] = ()
    form: Form = "plain"

    @property
    def reads_stdin(self) -> bool:
        """Whether stdin is data, so that no expressions can come from it."""
        return STDIN in (self.data, self.env)


def evaluate(arguments: Arguments) -> ExitCode:
    """Do what the command line says; the exit code.

    Raises:
        Error: It is wrong, or what it names cannot be read.
    """
    _check(arguments)
    if arguments.cases:
        from maestrale.cli.evaluation.cases import evaluate_cases

        return evaluate_cases(arguments.cases, json=arguments.form == "json")
    questions = [question_of(written) for written in arguments.expressions]
    with ExitStack() as stack:
        place = _place(arguments, stack)
        if not questions and is_terminal(sys.stdin) and is_terminal(sys.stdout):
            from maestrale.cli.evaluation.prompt import Prompt

            Prompt(place, arguments.form).run()
            return ExitCode.SUCCESS
        answers = Answers(arguments.form)
        if questions:
            outcomes = place.evaluate([question.text for question in questions])
            for question, outcome in zip(questions, outcomes, strict=True):
                answers.write(question, outcome)
        else:
            _evaluate_lines(place, answers)
    return ExitCode.SUCCESS if answers.all_have_values else ExitCode.FAILED


def _evaluate_lines(place: Place, answers: Answers) -> None:
    count = 0
    for question in _lines():
        count += 1
        answers.write(question, *place.evaluate([question.text]))
    if not count:
        raise InvalidInput(
            "there is nothing to evaluate: no EXPR is given, and stdin is empty",
            code="usage",
            hint="maestrale eval '$.a' --data '{\"a\": 1}'",
        )


def _lines() -> Iterator[Question]:
    """An expression of each line of stdin that has something in it, as soon as the line is there."""
    if sys.stdin is None:
        return
    for line in sys.stdin.buffer:
        written = line.decode(errors="surrogateescape").rstrip("\r\n")
        if written.strip():
            yield question_of(written)


def _place(arguments: Arguments, stack: ExitStack) -> Place:
    if arguments.execution is None or arguments.task is None:
        from maestrale.cli.evaluation.data_place import DataPlace
        from maestrale.cli.inputs import read_inline, read_inline_mapping

        data = {} if arguments.data is None else read_inline(arguments.data, what="data")
        env = arguments.env and read_inline_mapping(arguments.env, what="environment")
        return DataPlace(data, env if isinstance(env, dict) else None)
    before, item = arguments.before, arguments.item
    if arguments.url is not None:
        from maestrale.cli.evaluation.server_place import Server, ServerPlace

        server = Server(url=arguments.url, project=arguments.project, token=arguments.token)
        place = ServerPlace(server, arguments.execution, arguments.task, before=before, item=item)
        return stack.enter_context(place)
    from maestrale.cli.database import database_url
    from maestrale.cli.evaluation.task_place import TaskPlace
    from maestrale.store import open_reader

    store = stack.enter_context(open_reader(database_url(arguments.database)))
    return TaskPlace(store, arguments.execution, arguments.task, before=before, item=item)


def _check(arguments: Arguments) -> None:
    """Go on if the options fit together. Raises: InvalidInput: they do not (`usage`)."""
    for is_wrong, message, hint in _contradictions(arguments):
        if is_wrong:
            raise InvalidInput(message, code="usage", hint=hint)


def _contradictions(it: Arguments) -> Iterator[tuple[bool, str, str]]:
    on_data = it.data is not None or it.env is not None
    on_task = it.execution is not None or it.task is not None
    about_task = it.before or it.item is not None or it.database is not None or it.url is not None
    about_server = it.project is not None or it.token is not None
    yield (
        bool(it.cases) and bool(it.expressions or on_data or on_task or about_task or about_server),
        "--cases brings its own expressions and data",
        "leave everything else out but --json",
    )
    yield bool(it.cases) and it.form == "yaml", "the report of --cases is text or JSON", "use --json"
    yield (
        on_data and on_task,
        "data and a task are given: an expression sees one of them",
        "leave out --data and --env, or --execution and --task",
    )
    yield (
        (it.execution is None) != (it.task is None),
        "--execution and --task go together",
        "`maestrale show` lists the tasks of an execution",
    )
    yield (
        about_task and not on_task,
        "--before, --item, --database and --url are about a task, and none is named",
        "name it with --execution and --task",
    )
    yield (
        about_server and it.url is None,
        "--project and --token are for a server, and none is named",
        "name it with --url",
    )
    yield (
        it.url is not None and it.database is not None,
        "--url and --database name two places where the execution is",
        "leave one of them out",
    )
    yield (
        it.item is not None and it.item < 0,
        f"--item is {it.item}; the items of a loop are numbered from 0",
        "maestrale eval --help",
    )
    yield (
        it.data == STDIN and it.env == STDIN,
        "stdin is named twice",
        "read one of the two from a file",
    )
    yield (
        it.reads_stdin and not it.expressions,
        "stdin is the data, so the expressions have to be arguments",
        "write them behind `eval`, or read the data from a file",
    )

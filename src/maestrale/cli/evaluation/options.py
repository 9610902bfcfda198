"""The arguments of `maestrale eval`."""

from argparse import ArgumentParser, Namespace

DETAILS = """\
EXPR is a text as it stands in a workflow: `<% $.vms.len() %>`, `{{ _.name | upper }}`, or text around
such. Without delimiters it is taken as YAQL: `maestrale eval '$.a.b' --data '{a: {b: 1}}'`. A value that is
text is written as it is, any other as JSON. Without EXPR, each line of stdin is one; on a terminal there is
a prompt with completion by Tab. Exit codes: 0 all have values, 1 one has none, or a case differs, 2 wrong
usage or data, 4 the server or the database is in the way."""


def add_eval(parser: ArgumentParser) -> None:
    parser.add_argument("expressions", metavar="EXPR", nargs="*", help="what to evaluate; repeatable")
    data = parser.add_argument_group("on data")
    data.add_argument(
        "--data",
        metavar="FILE|JSON",
        help="what `$` and `_` are: a file in JSON or YAML, `-` for stdin, or the data itself in brackets",
    )
    data.add_argument("--env", metavar="FILE|JSON", help="what `env()` gives: a mapping, likewise")
    task = parser.add_argument_group("on a task")
    task.add_argument("--execution", metavar="ID", help="the execution: its id or the beginning of it")
    task.add_argument("--task", metavar="NAME", help="its task: name, path such as `deploy[3]/start`, or id")
    task.add_argument(
        "--before",
        action="store_true",
        help="see what the task was given, as its `input` and `publish` do; otherwise what it has published,"
        " too, as its `on-success` does",
    )
    task.add_argument("--item", metavar="N", type=int, help="of a loop, see the variables of this item")
    task.add_argument(
        "--database", metavar="URL", help="where the execution is; the default is that of `maestrale show`"
    )
    server = parser.add_argument_group("on a task of a server")
    server.add_argument("--url", metavar="URL", help="ask this server instead of a database")
    server.add_argument("--project", metavar="ID", help="whose execution it is; default: $MAESTRALE_PROJECT")
    server.add_argument("--token", metavar="TOKEN", help="sent as X-Auth-Token; default: $MAESTRALE_TOKEN")
    cases = parser.add_argument_group("on recorded cases")
    cases.add_argument(
        "--cases",
        metavar="FILE",
        action="append",
        default=[],
        help="evaluate a file of recorded cases, and tell which give something else; repeatable",
    )
    form = parser.add_argument_group("output").add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="write every value as JSON, a line each")
    form.add_argument("--yaml", action="store_true", help="write every value as YAML")


def call_eval(given: Namespace) -> int:
    from maestrale.cli.evaluation.command import Arguments, evaluate

    return evaluate(
        Arguments(
            expressions=given.expressions,
            data=given.data,
            env=given.env,
            execution=given.execution,
            task=given.task,
            before=given.before,
            item=given.item,
            database=given.database,
            url=given.url,
            project=given.project,
            token=given.token,
            cases=given.cases,
            form="json" if given.json else "yaml" if given.yaml else "plain",
        )
    )

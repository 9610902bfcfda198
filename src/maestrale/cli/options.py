"""The arguments and options of each command, and how they reach it."""

from argparse import ArgumentParser, BooleanOptionalAction, Namespace

from maestrale.errors import InvalidInput

MOST_LISTED = 20


def add_run(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="workflows or a workbook, in YAML; `-` reads stdin")
    parser.add_argument(
        "workflow",
        metavar="WORKFLOW",
        nargs="?",
        help="the workflow to run; may be left out where only one can be meant",
    )
    parser.add_argument(
        "-i",
        "--input",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an input of the workflow; repeatable. A value that is JSON is read as JSON, any other as text",
    )
    parser.add_argument(
        "--input-file", metavar="FILE", help="a mapping of inputs in JSON or YAML; --input wins over it"
    )
    parser.add_argument(
        "--env-file", metavar="FILE", help="the environment of the execution: a mapping in JSON or YAML"
    )
    parser.add_argument("--task", metavar="NAME", help="the task that a reverse workflow is to get done")
    parser.add_argument(
        "--include",
        metavar="FILE",
        action="append",
        default=[],
        help="more definitions that may be used; repeatable",
    )
    add_database(parser)
    _add_view(parser)


def call_run(given: Namespace) -> int:
    from maestrale.cli.run import Arguments, run
    from maestrale.cli.session import View

    return run(
        Arguments(
            file=given.file,
            workflow=given.workflow,
            pairs=given.input,
            input_file=given.input_file,
            env_file=given.env_file,
            task=given.task,
            include=given.include,
            database=given.database,
            view=View(as_json=given.json, quiet=given.quiet),
        )
    )


def add_resume(parser: ArgumentParser) -> None:
    _add_execution(parser, default="the latest that has not ended")
    parser.add_argument(
        "--env-file", metavar="FILE", help="merged into the environment of a paused execution"
    )
    add_database(parser)
    _add_view(parser)


def call_resume(given: Namespace) -> int:
    from maestrale.cli.resume import Arguments, resume
    from maestrale.cli.session import View

    view = View(as_json=given.json, quiet=given.quiet)
    return resume(
        Arguments(execution=given.execution, database=given.database, env_file=given.env_file, view=view)
    )


def add_rerun(parser: ArgumentParser) -> None:
    _add_failed_task(parser)
    parser.add_argument(
        "--failed-items",
        action="store_true",
        help="of a loop, run only the items again that did not succeed; otherwise all of them",
    )
    parser.add_argument(
        "--env-file", metavar="FILE", help="merged into the environment of an execution in ERROR"
    )
    add_database(parser)
    _add_view(parser)


def call_rerun(given: Namespace) -> int:
    from maestrale.cli.rerun import Arguments, rerun
    from maestrale.cli.session import View

    return rerun(
        Arguments(
            execution=given.execution,
            task=given.task,
            failed_items=given.failed_items,
            env_file=given.env_file,
            database=given.database,
            view=View(as_json=given.json, quiet=given.quiet),
        )
    )


def add_skip(parser: ArgumentParser) -> None:
    _add_failed_task(parser)
    add_database(parser)
    _add_view(parser)


def call_skip(given: Namespace) -> int:
    from maestrale.cli.rerun import Arguments, skip
    from maestrale.cli.session import View

    view = View(as_json=given.json, quiet=given.quiet)
    return skip(Arguments(execution=given.execution, task=given.task, database=given.database, view=view))


def add_validate(parser: ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="definition files; `-` reads stdin")
    parser.add_argument("--json", action="store_true", help="write a JSON list of problems")
    parser.add_argument("--strict", action="store_true", help="take a warning for an error")


def call_validate(given: Namespace) -> int:
    from maestrale.cli.validate import validate

    return validate(given.files, json=given.json, strict=given.strict)


def add_test(parser: ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        metavar="FILE",
        nargs="*",
        help="test files, or directories with them; default: all *_test.yaml below the current directory",
    )
    parser.add_argument(
        "-k",
        "--only",
        metavar="TEXT",
        action="append",
        default=[],
        help="only tests with this in the name of the file or the test; repeatable: any of them",
    )
    parser.add_argument(
        "--tag", metavar="TAG", action="append", default=[], help="only tests with this tag; repeatable"
    )
    parser.add_argument(
        "--coverage-fail-under",
        metavar="PERCENT",
        type=float,
        help="fail if less of the tasks, transitions and conditions was covered",
    )
    parser.add_argument("--junit", metavar="FILE", help="write a report as JUnit XML, too")
    parser.add_argument("--json", action="store_true", help="write one JSON object instead of the report")
    parser.add_argument("-q", "--quiet", action="store_true", help="tell only what fails, and the end")
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="tell what happened in every test, not only in failed ones",
    )
    parser.add_argument(
        "--schema",
        action="store_true",
        help="write the JSON Schema of test files, for editors, and run nothing",
    )


def call_test(given: Namespace) -> int:
    from maestrale.cli.testing import Arguments, run_tests, write_schema

    if given.schema:
        return write_schema()
    least = given.coverage_fail_under
    if least is not None and not 0 <= least <= 100:
        raise InvalidInput(f"--coverage-fail-under is {least:g}; it must be from 0 to 100", code="usage")
    return run_tests(
        Arguments(
            paths=given.paths,
            only=given.only,
            tags=given.tag,
            fail_under=least,
            junit=given.junit,
            json=given.json,
            quiet=given.quiet,
            verbose=given.verbose,
        )
    )


def add_show(parser: ArgumentParser) -> None:
    _add_execution(parser, default="the latest")
    parser.add_argument("--list", action="store_true", help="the same as `maestrale list`")
    parser.add_argument(
        "--results",
        action=BooleanOptionalAction,
        default=True,
        help="show what actions gave and tasks published",
    )
    add_database(parser)
    parser.add_argument("--json", action="store_true", help="write everything, uncut, as JSON")


def call_show(given: Namespace) -> int:
    from maestrale.cli.show import list_executions, show

    if not given.list:
        show(given.execution, database=given.database, json=given.json, results=given.results)
    elif given.execution is None:
        list_executions(database=given.database, json=given.json, limit=MOST_LISTED)
    else:
        raise InvalidInput(
            "--list shows all executions, not one", code="usage", hint="leave one of the two out"
        )
    return 0


def add_list(parser: ArgumentParser) -> None:
    parser.add_argument(
        "-n", "--limit", type=int, default=MOST_LISTED, help=f"how many; default: {MOST_LISTED}"
    )
    add_database(parser)
    parser.add_argument("--json", action="store_true", help="write a JSON list")


def call_list(given: Namespace) -> int:
    from maestrale.cli.show import list_executions

    if not 1 <= given.limit <= 1_000_000:
        raise InvalidInput(f"--limit is {given.limit}; it must be from 1 to 1,000,000", code="usage")
    list_executions(database=given.database, json=given.json, limit=given.limit)
    return 0


def add_audit(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--execution", metavar="ID", help="look at this one only, ended or not: its id or the beginning of it"
    )
    parser.add_argument(
        "--deep",
        action="store_true",
        help="look at everything, what has ended too; decide each history again, and compare; look for what"
        " belongs to nothing",
    )
    parser.add_argument(
        "--repair", action="store_true", help="put right what can be without a risk, and nothing that is run"
    )
    parser.add_argument(
        "--keep",
        metavar="FILE",
        help="with --repair: where the rows go that are replaced; default: maestrale-audit-TIME.jsonl here",
    )
    parser.add_argument(
        "--config", metavar="FILE", help="the settings of the servers, whose limits count with --deep"
    )
    parser.add_argument("--json", action="store_true", help="write everything as one JSON object")
    add_database(parser)


def call_audit(given: Namespace) -> int:
    from maestrale.cli.audit import Arguments, audit

    return audit(
        Arguments(
            database=given.database,
            execution=given.execution,
            deep=given.deep,
            repair=given.repair,
            json=given.json,
            keep=given.keep,
            config=given.config,
        )
    )


def add_nodes(parser: ArgumentParser) -> None:
    from maestrale.cli.remote import nodes

    nodes.add(parser)


def call_nodes(given: Namespace) -> int:
    from maestrale.cli.remote import nodes

    return nodes.call(given)


def add_actions(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="show this action in full")
    parser.add_argument("--json", action="store_true", help="write a JSON list")


def call_actions(given: Namespace) -> int:
    from maestrale.cli.actions import show_actions

    show_actions(given.name, json=given.json)
    return 0


def add_server(parser: ArgumentParser) -> None:
    from maestrale.config import GROUPS

    parser.usage = f"{parser.prog} [--config FILE] [--print-config] [--SETTING VALUE …]"
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="a TOML file of settings; default: $MAESTRALE_CONFIG, if that is set",
    )
    parser.add_argument(
        "--print-config",
        action="store_true",
        help="write the settings and where each comes from, and start nothing",
    )
    for title, settings in GROUPS.items():
        group = parser.add_argument_group(title)
        for setting in settings:
            default = setting.unset or setting.shown(setting.default)
            about = f"{setting.about} It is {setting.kind.allowed}. Default: {default}"
            group.add_argument(
                setting.flag,
                dest=setting.name,
                metavar="VALUE",
                nargs="?" if setting.is_switch else None,
                const="true" if setting.is_switch else None,
                help=about.replace("%", "%%"),
            )


def call_server(given: Namespace) -> int:
    from maestrale.config import SETTINGS

    flags = {name: getattr(given, name) for name in SETTINGS}
    if given.print_config:
        from maestrale.cli.server import print_configuration

        return print_configuration(flags, file=given.config)
    from maestrale.cli.server import serve

    return serve(flags, file=given.config)


def _add_execution(parser: ArgumentParser, *, default: str) -> None:
    parser.add_argument(
        "execution",
        metavar="EXECUTION",
        nargs="?",
        help=f"its id or the beginning of it; default: {default}",
    )


def _add_failed_task(parser: ArgumentParser) -> None:
    parser.add_argument("execution", metavar="EXECUTION", help="its id or the beginning of it")
    parser.add_argument(
        "task",
        metavar="TASK",
        help="the failed task: its name, its path such as `deploy[3]/start`, its id or the beginning of that",
    )


def add_database(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        metavar="URL",
        help="such as sqlite:////path/to/file.db or postgresql://user@host/name; default:"
        " $MAESTRALE_DATABASE, else the file maestrale/maestrale.db in $XDG_DATA_HOME or ~/.local/share",
    )


def _add_view(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="write one JSON object about the execution to stdout"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="show no progress: only the output, and what fails"
    )

"""The command line: a command's name, then its arguments and options in any order.

Only the parser of the command that is meant is made, and only its module imported. `argparse` reads a
command line in a tenth of the time that libraries on top of it take to load.
"""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Collection, Mapping, Sequence
from typing import NoReturn

from maestrale.cli import options
from maestrale.cli.command import PROGRAM, Command
from maestrale.cli.evaluation import options as evaluation
from maestrale.cli.groups import GROUPS
from maestrale.cli.terminal import write_output
from maestrale.errors import InvalidInput

ABOUT = "Run workflows in the language of OpenStack Mistral v2, durably."


COMMANDS: Mapping[str, Command] = {
    "run": Command(
        "Start a workflow from a file and run it to its end.",
        options.add_run,
        options.call_run,
        "The output goes to stdout, progress to stderr. Exit codes: 0 success, 1 error, 2 wrong usage,\n"
        "definition or input, 3 paused, 4 the database is in the way, 130 interrupted. What was interrupted\n"
        "or paused goes on with `maestrale resume`.",
    ),
    "resume": Command(
        "Go on with an execution that was interrupted or paused.",
        options.add_resume,
        options.call_resume,
        "The exit codes are those of `maestrale run`.",
    ),
    "rerun": Command(
        "Run a failed task again, and go on from there.",
        options.add_rerun,
        options.call_rerun,
        "The exit codes are those of `maestrale run`.",
    ),
    "skip": Command(
        "Go on as if a failed task had done its work.",
        options.add_skip,
        options.call_skip,
        "The exit codes are those of `maestrale run`.",
    ),
    "server": Command(
        "Serve the API, and run what is started through it.",
        options.add_server,
        options.call_server,
        "Every setting can be given as a flag, as a variable such as MAESTRALE_PORT, or in a TOML file as\n"
        "`port = 8989`; a flag wins over a variable, and that over the file. SIGTERM or Ctrl-C ends the\n"
        "server: it answers what was asked, and leaves the rest to the next one. Exit codes: 0 ended by a\n"
        "signal, 2 a setting is wrong, 4 the port is taken or the database is in the way.",
    ),
    "validate": Command(
        "Find every problem of definition files without running them.",
        options.add_validate,
        options.call_validate,
        "Exit codes: 0 no error, 2 at least one.",
    ),
    "test": Command(
        "Run the tests of workflows: *_test.yaml, with canned results and a fake clock.",
        options.add_test,
        options.call_test,
        "Exit codes: 0 all passed, 1 a test failed or too little is covered, 2 wrong usage or a wrong file.",
    ),
    "eval": Command(
        "Evaluate expressions, on data or on a task of an execution.",
        evaluation.add_eval,
        evaluation.call_eval,
        evaluation.DETAILS,
    ),
    "show": Command("Show an execution with its tasks.", options.add_show, options.call_show),
    "list": Command("List the latest executions.", options.add_list, options.call_list),
    "audit": Command(
        "Find executions that cannot go on, and rows that are not as they must be.",
        options.add_audit,
        options.call_audit,
        "It looks at what is still to end, beside running servers or without any, and writes nothing. What\n"
        "each code means and what to do about it is in docs/operations/audit.md. Exit codes: 0 nothing is\n"
        "wrong, or all was put right; 1 something is wrong; 2 wrong usage; 4 the database is in the way.",
    ),
    "nodes": Command(
        "List the servers that share a database: what each does, has, and how busy it is.",
        options.add_nodes,
        options.call_nodes,
        "A server is asked, as an administrator; with --database the database is read, which works where no\n"
        "server answers. Exit codes: 0 all told, 4 nobody answers, 130 Ctrl-C.",
    ),
    "actions": Command(
        "List the actions that tasks can use, with their parameters.",
        options.add_actions,
        options.call_actions,
    ),
}


class _Parser(ArgumentParser):
    """Raises what is wrong with a command line instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise InvalidInput(message, code="usage", hint=f"{self.prog} --help")


def run_command_line(arguments: Sequence[str]) -> int:
    """Do what a command line says; the exit code.

    Raises:
        InvalidInput: There is no such command, or its arguments are wrong (`usage`).
        Error: As the command does.
    """
    match arguments:
        case [] | ["help"] | ["-h" | "--help", *_]:
            write_output(_overview())
            return 0
        case ["--version", *_]:
            from maestrale import __version__

            write_output(f"{PROGRAM} {__version__}")
            return 0
        case [name, *rest] if name in COMMANDS:
            return COMMANDS[name].call(_parse(name, COMMANDS[name], rest))
        case [name, *rest] if name in GROUPS:
            return _run_group(name, rest)
    raise _no_such_command(arguments[0], {**COMMANDS, **GROUPS})


def _run_group(name: str, arguments: Sequence[str]) -> int:
    """Do a command of a group: `maestrale execution list`."""
    commands = GROUPS[name].load()
    match arguments:
        case [] | ["help"] | ["-h" | "--help", *_]:
            write_output(_group_overview(name, commands))
            return 0
        case [verb, *rest] if verb in commands:
            return commands[verb].call(_parse(f"{name} {verb}", commands[verb], rest))
    raise _no_such_command(arguments[0], commands, group=name)


def _parse(name: str, command: Command, arguments: Sequence[str]) -> Namespace:
    parser = _Parser(
        prog=f"{PROGRAM} {name}",
        description=f"{command.summary}\n\n{command.details}".rstrip(),
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    command.add(parser)
    parser.add_argument("-h", "--help", action="store_true", help="show this message and exit")
    if _wants_help(arguments):
        write_output(parser.format_help().rstrip())
        sys.exit(0)
    return parser.parse_intermixed_args(list(arguments))


def _wants_help(arguments: Sequence[str]) -> bool:
    """Whether help is asked for, whatever else is wrong; after `--` everything is an argument."""
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "-h" in before or "--help" in before


def _overview() -> str:
    width = max(map(len, [*COMMANDS, *GROUPS]))
    groups = {name: f"  {name:<{width}}  {group.summary}" for name, group in GROUPS.items()}
    return "\n".join(
        [
            f"usage: {PROGRAM} COMMAND …   ({PROGRAM} COMMAND --help says more; {PROGRAM} --version)",
            "",
            ABOUT,
            "",
            *(f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()),
            *(line for name, line in groups.items() if not GROUPS[name].is_about_server),
            "",
            f"About a server ({PROGRAM} COMMAND lists the verbs):",
            "",
            *(line for name, line in groups.items() if GROUPS[name].is_about_server),
        ]
    )


def _group_overview(name: str, commands: Mapping[str, Command]) -> str:
    width = max(map(len, commands))
    return "\n".join(
        [
            f"usage: {PROGRAM} {name} VERB …   ({PROGRAM} {name} VERB --help says more)",
            "",
            GROUPS[name].summary,
            "",
            *(f"  {verb:<{width}}  {command.summary}" for verb, command in commands.items()),
        ]
    )


def _no_such_command(name: str, known: Collection[str], *, group: str = "") -> InvalidInput:
    from maestrale.expressions.suggestions import Suggestions

    what = "option" if name.startswith("-") else "verb" if group else "command"
    close = None if what == "option" else Suggestions().hint(name, known)
    shown = name.encode(errors="backslashreplace").decode()
    return InvalidInput(
        f"there is no {what} `{shown}`{f' of `{PROGRAM} {group}`' if group else ''}",
        code="usage",
        hint=close or f"{PROGRAM} {f'{group} ' if group else ''}--help",
    )

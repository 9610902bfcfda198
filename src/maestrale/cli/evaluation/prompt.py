"""The prompt of `maestrale eval`: a person types expressions and sees what they give."""

import sys
from collections.abc import Iterator, Mapping

from maestrale.cli.evaluation.answers import Answers, Form
from maestrale.cli.evaluation.completion import COMMANDS, completions
from maestrale.cli.evaluation.data_keys import KnownData
from maestrale.cli.evaluation.line_editing import LineEditor, history_file
from maestrale.cli.evaluation.places import Place
from maestrale.cli.evaluation.questions import question_of
from maestrale.cli.terminal import BOLD, DIM, paint, say, say_error, write_output
from maestrale.cli.texts import printable, value_line
from maestrale.errors import Error, InvalidInput
from maestrale.expressions import Json
from maestrale.expressions.suggestions import Suggestions

PROMPT = "> "

HELP = """\
Type an expression: $.a.b, <% $.vms.len() %>, {{ _.name | upper }}, or text around such.
What has no delimiters is YAQL. Tab completes variables, keys, functions and names of tasks.

  :keys [EXPR]  list the variables, or the keys of a value, with what they hold
  :help         this text
  :quit         leave, as Ctrl-D does

Ctrl-C clears the line, or stops what is being evaluated."""


class Prompt:
    """Reads expressions until the person leaves."""

    def __init__(self, place: Place, form: Form) -> None:
        self._place = place
        self._answers = Answers(form)
        known = KnownData(place)
        self._editor = LineEditor(lambda line: completions(line, known), history=history_file())

    def run(self) -> None:
        say(f"on {self._place.title}; :help says what can be typed, Ctrl-D leaves")
        while True:
            try:
                line = self._editor.read(PROMPT).strip()
            except KeyboardInterrupt:
                say("")
                continue
            except EOFError:
                say("")
                return
            if line in (":quit", ":q"):
                return
            if line:
                self._answer(line)

    def _answer(self, line: str) -> None:
        try:
            if line.startswith(":"):
                self._do(*line.split(maxsplit=1))
            else:
                question = question_of(line)
                self._answers.write(question, *self._place.evaluate([question.text]))
        except KeyboardInterrupt:
            say("\nstopped")
        except Error as error:
            say_error(error)

    def _do(self, command: str, argument: str = "") -> None:
        match command:
            case ":help" | ":h":
                write_output(HELP)
            case ":keys":
                self._show_keys(argument or "$")
            case _:
                hint = Suggestions().hint(command, COMMANDS) or "`:help` lists the commands"
                raise InvalidInput(
                    f"there is no command `{printable(command)}`", code="unknown-command", hint=hint
                )

    def _show_keys(self, written: str) -> None:
        question = question_of(written)
        (outcome,) = self._place.evaluate([question.text])
        if outcome.fault is not None:
            self._answers.write(question, outcome)
            return
        for line in _key_lines(outcome.value):
            write_output(line)


def _key_lines(value: Json) -> Iterator[str]:
    if isinstance(value, list):
        yield paint(f"a list of {len(value):,}; its first item:", DIM, stream=sys.stdout)
        value = value[0] if value else {}
    if not isinstance(value, Mapping):
        yield value_line(value)
        return
    width = max((len(key) for key in value), default=0)
    for key in sorted(value):
        name = printable(key)
        yield f"{paint(name, BOLD, stream=sys.stdout)}{' ' * (width - len(key))}  {value_line(value[key])}"

"""What the data of a place holds, found out by expressions: for completion and for `:keys`."""

from collections.abc import Iterable, Sequence

from maestrale.cli.evaluation.completion import Language
from maestrale.cli.evaluation.places import Place
from maestrale.errors import Error
from maestrale.expressions import Json

_QUESTIONS: dict[Language, tuple[str, str]] = {
    "yaql": ("<% ({value}).keys() %>", "<% ({value}).first().keys() %>"),
    "jinja": ("{{{{ ({value}).keys() | list }}}}", "{{{{ (({value}) | first).keys() | list }}}}"),
}
"""Of a mapping, and of the first item of a list."""

_TASKS = "<% tasks(execution().id).name %>"


class KnownData:
    """Implements `completion.Known`. What cannot be found out is not known, and no error."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def keys(self, language: Language, value: str) -> Iterable[str]:
        return self._first_list([question.format(value=value) for question in _QUESTIONS[language]])

    def tasks(self) -> Iterable[str]:
        return self._first_list([_TASKS])

    def _first_list(self, questions: Sequence[str]) -> list[str]:
        try:
            outcomes = self._place.evaluate(questions)
        except Error:
            return []
        values: list[Json] = [outcome.value for outcome in outcomes if outcome.fault is None]
        found = next((value for value in values if isinstance(value, list)), [])
        return [name for name in found if isinstance(name, str)]

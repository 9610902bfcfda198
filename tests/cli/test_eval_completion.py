"""What Tab offers at the prompt of `maestrale eval`."""

import pytest

from maestrale.cli.evaluation.completion import Language, Stem, completions, find_stem


class Data:
    """Knows the keys of some values, and says for which it was asked."""

    def __init__(self, **keys: list[str]) -> None:
        self._keys = keys
        self.asked: list[tuple[str, str]] = []

    def keys(self, language: Language, value: str) -> list[str]:
        self.asked.append((language, value))
        return self._keys.get("keys", [])

    def tasks(self) -> list[str]:
        return self._keys.get("tasks", [])


@pytest.mark.parametrize(
    ("line", "language", "value", "prefix"),
    [
        ("$.", "yaql", "$", ""),
        ("$.vm", "yaql", "$", "vm"),
        ("$.vms[0].na", "yaql", "$.vms[0]", "na"),
        ("1 + $.a.b.c", "yaql", "$.a.b", "c"),
        ("$.get(x, y).z", "yaql", "$.get(x, y)", "z"),
        ("$.a?.b", "yaql", "$.a", "b"),
        ("task(a).re", "yaql", "task(a)", "re"),
        ("dict(a => $.x).", "yaql", "dict(a => $.x)", ""),
        ("<% $.a %> and <% $.b.", "yaql", "$.b", ""),
        ("$.vms.where($.na", "yaql", "$.vms.first()", "na"),
        ("$.vms.where($.id > 3 and $.na", "yaql", "$.vms.first()", "na"),
        ("$.vms.where(len($.na", "yaql", "$.vms.first()", "na"),
        ("$.vms.select($.disks.where($.si", "yaql", "$.vms.first().disks.first()", "si"),
        ("$.vms.where($.ok).select($.na", "yaql", "$.vms.where($.ok).first()", "na"),
        ("$.vms.get($.na", "yaql", "$", "na"),
        ("$.vms.where($vm.na", "yaql", "$vm", "na"),
        ("[$.a, $.", "yaql", "$", ""),
        ("{{ _.vms[0].na", "jinja", "_.vms[0]", "na"),
        ("{% for vm in _.v", "jinja", "_", "v"),
        (":keys $.vm", "yaql", "$", "vm"),
    ],
)
def test_behind_a_dot_stands_a_key_of_the_value_before_it(
    line: str, language: Language, value: str, prefix: str
) -> None:
    assert find_stem(line) == Stem(kind="member", prefix=prefix, language=language, value=value)


@pytest.mark.parametrize(
    ("line", "stem"),
    [
        ("le", Stem(kind="function", prefix="le")),
        ("$.a + le", Stem(kind="function", prefix="le")),
        ("{{ json_d", Stem(kind="function", prefix="json_d", language="jinja")),
        ("{{ _.a | up", Stem(kind="filter", prefix="up", language="jinja")),
        ("{{ _.a |", Stem(kind="filter", prefix="", language="jinja")),
        ("task(", Stem(kind="task", prefix="")),
        ("<% task('get-", Stem(kind="task", prefix="get-", quote="'")),
        ('{{ task("a', Stem(kind="task", prefix="a", language="jinja", quote='"')),
        (":ke", Stem(kind="command", prefix=":ke")),
    ],
)
def test_other_places_ask_for_functions_filters_tasks_or_commands(line: str, stem: Stem) -> None:
    assert find_stem(line) == stem


@pytest.mark.parametrize("line", ["", "$.a + ", "$v", "'some te", "<% $.a %> te", ").x", "{{ 'a' }} b"])
def test_where_nothing_has_a_name_nothing_is_offered(line: str) -> None:
    assert find_stem(line) is None


def test_keys_that_can_be_written_are_offered_and_methods_once_something_is_typed() -> None:
    data = Data(keys=["name", "next", "not-a-word", "id"])

    assert completions("$.vms[0].", data) == ["id", "name", "next"]
    assert completions("$.vms[0].n", data) == ["name", "next", "norm("]
    assert data.asked == [("yaql", "$.vms[0]"), ("yaql", "$.vms[0]")]


def test_what_yaql_cannot_name_behind_a_dot_is_offered_in_jinja_alone() -> None:
    data = Data(keys=["__env", "a"])

    assert (completions("$.", data), completions("{{ _.", data)) == (["a"], ["__env", "a"])


def test_a_value_without_keys_has_methods() -> None:
    assert "toUpper(" in completions("$.name.", Data())
    assert completions("{{ _.name.", Data()) == []


def test_functions_open_their_bracket_and_filters_do_not() -> None:
    assert completions("json_", Data()) == ["json_dump(", "json_parse("]
    assert completions("{{ _.x | json_", Data()) == ["json_dump", "json_parse"]


def test_names_of_tasks_are_quoted_where_the_language_needs_it() -> None:
    data = Data(tasks=["first", "get-all"])

    assert completions("task(", data) == ["'get-all'", "first"]
    assert completions("task('g", data) == ["get-all"]
    assert completions("{{ task(", data) == ["'first'", "'get-all'"]


def test_commands_are_completed() -> None:
    assert completions(":", Data()) == [":help", ":keys", ":quit"]

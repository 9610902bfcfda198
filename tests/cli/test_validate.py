"""`maestrale validate`."""

from .processes import Maestrale

GOOD = "version: '2.0'\nw: {tasks: {t: {action: std.noop}}}\n"
WARNED = GOOD.replace("'2.0'", "'2.1'")
BAD = "version: '2.0'\nw:\n  tasks:\n    a:\n      on-success: [aa]\n    ab: {}\n"


def test_a_good_file_has_no_problems(maestrale: Maestrale) -> None:
    ended = maestrale("validate", maestrale.write("good.yaml", GOOD))

    assert ended == (0, "", "1 file: no problems\n")


def test_problems_of_all_files_are_output_with_their_places(maestrale: Maestrale) -> None:
    good, bad = maestrale.write("good.yaml", GOOD), maestrale.write("bad.yaml", BAD)

    ended = maestrale("validate", good, bad, "missing.yaml")

    lines = ended.stdout.splitlines()
    assert ended.code == 2
    assert lines[0] == "bad.yaml:5:20: task `a` continues to `aa`, which is not defined [undefined-task]"
    assert lines[-1] == "missing.yaml:1:1: there is no definition file `missing.yaml` [file-missing]"
    assert ended.stderr == "3 files: 2 errors\n"


def test_test_files_are_checked_as_such(maestrale: Maestrale) -> None:
    good = maestrale.write("good.yaml", GOOD)
    maestrale.write("good_test.yaml", "tests: {it works: {expect: {state: SUCCESS}}}\n")
    maestrale.write("bad_test.yaml", "tests: {it works: {expect: {stat: SUCCESS}}}\nworkflow: good.yaml\n")

    ended = maestrale("validate", good, "good_test.yaml", "bad_test.yaml")

    assert ended.code == 2
    assert [line.split(" ")[0] for line in ended.stdout.splitlines() if "_test" in line] == [
        "bad_test.yaml:1:29:"
    ]
    assert "unknown-key" in ended.stdout


def test_json_is_a_list_of_objects(maestrale: Maestrale) -> None:
    ended = maestrale("validate", maestrale.write("bad.yaml", BAD), "--json")

    [problem] = ended.json
    assert ended.code == 2
    assert {key: problem[key] for key in ("file", "line", "column", "severity", "code", "path")} == {
        "file": "bad.yaml",
        "line": 5,
        "column": 20,
        "severity": "error",
        "code": "undefined-task",
        "path": ["w", "tasks", "a", "on-success", 0],
    }


def test_warnings_are_allowed_unless_strict(maestrale: Maestrale) -> None:
    file = maestrale.write("warned.yaml", WARNED)

    lax, strict = maestrale("validate", file), maestrale("validate", file, "--strict")

    assert (lax.code, strict.code) == (0, 2)
    assert "[unusual-version]" in lax.stdout
    assert lax.stderr == "1 file: 1 warning\n"


def test_stdin_is_a_file_too(maestrale: Maestrale) -> None:
    ended = maestrale("validate", "-", stdin=BAD.encode())

    assert ended.code == 2
    assert ended.stdout.startswith("stdin:5:20: ")


def test_the_findings_of_the_linter_are_warnings(maestrale: Maestrale) -> None:
    file = maestrale.write("odd.yaml", GOOD.replace("std.noop", "std.nop"))

    lax, strict = maestrale("validate", file), maestrale("validate", file, "--strict")

    assert lax == (
        0,
        "odd.yaml:2:25: warning: there is no action `std.nop` [unknown-action]\n"
        "  hint: did you mean `std.noop`?\n",
        "1 file: 1 warning\n",
    )
    assert strict == lax._replace(code=2)


def test_files_that_are_named_together_know_what_the_others_define(maestrale: Maestrale) -> None:
    caller = maestrale.write("caller.yaml", "version: '2.0'\nc: {tasks: {t: {workflow: w}}}\n")
    called = maestrale.write("called.yaml", GOOD)

    alone, together = maestrale("validate", caller), maestrale("validate", caller, called)

    assert "[unknown-workflow]" in alone.stdout
    assert together == (0, "", "2 files: no problems\n")


def test_json_tells_warnings_apart(maestrale: Maestrale) -> None:
    ended = maestrale("validate", maestrale.write("odd.yaml", GOOD.replace("std.noop", "std.nop")), "--json")

    assert [(each["severity"], each["code"], each["hint"]) for each in ended.json] == [
        ("warning", "unknown-action", "did you mean `std.noop`?")
    ]

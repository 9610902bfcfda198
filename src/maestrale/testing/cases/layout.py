"""The keys of a test file: one table, for the checks, the JSON Schema and the reference."""

from collections.abc import Mapping

from maestrale.core.status import ExecutionState, TaskState
from maestrale.expressions import Json
from maestrale.testing.cases.shapes import (
    ByKind,
    Duration,
    ExpectedValue,
    Flag,
    Instant,
    Key,
    Keys,
    ListOf,
    MappingOf,
    Message,
    TaskPath,
    Text,
    Value,
    Whole,
    Word,
    Yes,
)

TEXT, VALUE, EXPECTED, DURATION, PATH = Text(), Value(), ExpectedValue(), Duration(), TaskPath()
DATA = MappingOf(VALUE)

# What a call of an action gets.

ANSWER_WORDS = ("never", "cancelled", "run")

ANSWER = Keys(
    "an answer",
    {
        "result": Key("The action succeeds with this; `$` in expressions is its input.", VALUE),
        "error": Key("The action fails with this; `$` in expressions is its input.", VALUE),
        "cancelled": Key("The action is cancelled.", Yes()),
        "never": Key("The action never ends.", Yes()),
        "run": Key("The action itself is run.", Yes()),
        "after": Key("How long it takes, in fake time.", DURATION),
        "input": Key("What the input must contain for this answer to fit.", EXPECTED),
        "times": Key(
            "How many calls get it; in a list 1 if nothing is said, otherwise every one.",
            ByKind("a whole number or `always`", number=Whole(1), text=Word(("always",))),
        ),
    },
    one_of=("result", "error", "cancelled", "never", "run"),
)
ONE_ANSWER = ByKind(f"an answer: a mapping, or {', '.join(ANSWER_WORDS)}", ANSWER, text=Word(ANSWER_WORDS))
ANSWERS = ByKind("an answer or a list of them", ANSWER, text=Word(ANSWER_WORDS), items=ListOf(ONE_ANSWER))

# What happens from outside.

EXECUTION_VERBS = ("pause", "resume", "cancel", "fail", "succeed")
TASK_VERBS = ("rerun", "skip", "complete")
VERBS = (*EXECUTION_VERBS, *TASK_VERBS)
AT_ONCE = ("resume", *TASK_VERBS)
"""What happens as soon as it can where no time is given."""

WHOLE_OR_SUB = ByKind("nothing, or the path of a task with a sub-workflow", text=PATH, null=True)

OPERATION = Keys(
    "an operation",
    {
        "pause": Key("Pause the execution, or the sub-workflow of this task.", WHOLE_OR_SUB),
        "resume": Key("Resume the execution, or the sub-workflow of this task.", WHOLE_OR_SUB),
        "cancel": Key("Cancel the execution, or the sub-workflow of this task.", WHOLE_OR_SUB),
        "fail": Key("Stop the execution, or the sub-workflow of this task, as ERROR.", WHOLE_OR_SUB),
        "succeed": Key("Stop the execution, or the sub-workflow of this task, as SUCCESS.", WHOLE_OR_SUB),
        "rerun": Key("Run this failed task again.", PATH),
        "skip": Key("Go on as if this failed task had done its work.", PATH),
        "complete": Key("Complete the asynchronous action of this task.", PATH),
        "at": Key("When, in fake time since the start.", DURATION),
        "message": Key("The reason, for `pause`, `cancel`, `fail` and `succeed`.", Message()),
        "env": Key("Merged into the environment, for `resume` and `rerun`.", DATA),
        "failed_items": Key("`rerun` runs only the items again that failed.", Flag()),
        "result": Key("`complete` with success.", VALUE),
        "error": Key("`complete` with this error.", VALUE),
        "cancelled": Key("`complete` as cancelled.", Yes()),
        "refused": Key("The operation is refused with this code.", TEXT),
    },
    one_of=VERBS,
)

OPERATION_KEYS: Mapping[str, tuple[str, ...]] = {
    "message": ("pause", "cancel", "fail", "succeed"),
    "env": ("resume", "rerun"),
    "failed_items": ("rerun",),
    "result": ("complete",),
    "error": ("complete",),
    "cancelled": ("complete",),
}
"""Which operations a key belongs to."""

# What is expected.

ROUTE = ListOf(
    ByKind("the name of a task, or a list of names in any order", text=TEXT, items=ListOf(TEXT)), empty=True
)
OUTCOME = {
    "state": Key(
        "How it ends; SUCCESS if nothing is said.", Word(tuple(state.value for state in ExecutionState))
    ),
    "state_info": Key("Why it ended so.", EXPECTED),
    "output": Key("The output.", EXPECTED),
    "path": Key("The tasks that begin, in this order; a list in it: in any order.", ROUTE),
    "not_run": Key("Tasks that must not begin.", ListOf(TEXT)),
}
CALLS = ByKind("a number, or a list of inputs", number=Whole(), items=ListOf(EXPECTED, empty=True))

TASK = Keys(
    "what is expected of a task",
    {
        "state": Key("How it ends.", Word(tuple(state.value for state in TaskState))),
        "state_info": Key("Why it ended so.", EXPECTED),
        "published": Key("The branch variables it published.", EXPECTED),
        "published_global": Key("The global variables it published.", EXPECTED),
        "result": Key("Its result, as `task().result` gives it.", EXPECTED),
        "input": Key("The input of the last call of its action.", EXPECTED),
        "calls": Key("How often its action was called, or with which inputs.", CALLS),
    },
)

SUB_WORKFLOW = Keys(
    "what is expected of a sub-workflow",
    {
        "workflow": Key("The full name of the workflow.", TEXT),
        "input": Key("Its input.", EXPECTED),
        **OUTCOME,
    },
)

ELAPSED = ByKind(
    "a length of time, or a mapping with `at_least` and `at_most`",
    mapping=Keys(
        "`elapsed`",
        {
            "at_least": Key("It takes so long or longer.", DURATION),
            "at_most": Key("It takes so long or shorter.", DURATION),
        },
    ),
    text=DURATION,
    number=DURATION,
)

EXPECT = Keys(
    "`expect`",
    {
        **OUTCOME,
        "elapsed": Key("The fake time from the start to the end.", ELAPSED),
        "tasks": Key("By the path of a task: what is expected of it.", MappingOf(TASK, PATH)),
        "sub_workflows": Key(
            "By the path of the task that started it: what is expected of a sub-workflow.",
            MappingOf(SUB_WORKFLOW, PATH),
        ),
        "calls": Key("By the name of an action: how often it was called, or with what.", MappingOf(CALLS)),
        "refused": Key("The start is refused with this code.", TEXT),
    },
)

# The file.

LIMITS = Keys(
    "`limits`",
    {
        "decisions": Key("The most steps a test may take.", Whole(1)),
        "time": Key("The most fake time a test may take.", DURATION),
    },
)

GIVEN = {
    "input": Key("The input of the workflow.", DATA),
    "env": Key("The environment, which `env()` reads.", DATA),
    "params": Key("Other parameters of the execution, such as `task_name`.", DATA),
    "tasks": Key("By the name or path of a task: what calls of its action get.", MappingOf(ANSWERS, PATH)),
    "actions": Key("By the name of an action, or a pattern: what its calls get.", MappingOf(ANSWERS)),
    "now": Key("The instant at which the test begins.", Instant()),
    "limits": Key("How far a test may go.", LIMITS),
    "tags": Key("Words to choose tests by.", ListOf(TEXT)),
}

CASE = Keys(
    "a test",
    {
        "description": Key("What it is about.", TEXT),
        "workflow": Key("The workflow to run, where the file does not say it.", TEXT),
        **GIVEN,
        "operations": Key("What happens from outside, in this order.", ListOf(OPERATION)),
        "expect": Key("What must come of it.", EXPECT),
        "skip": Key("Why it is not run.", TEXT),
    },
)

FILE = Keys(
    "a test file",
    {
        "file": Key("The file with the workflow; if nothing is said, the one beside this.", TEXT),
        "include": Key("More files with definitions that may be used.", ListOf(TEXT)),
        "workflow": Key("The workflow to run, where several could be meant.", TEXT),
        "defaults": Key("What every test is given, where it says nothing else.", Keys("`defaults`", GIVEN)),
        "tests": Key("The tests, by name.", MappingOf(CASE, empty=False)),
    },
    required=("tests",),
)


def json_schema() -> dict[str, Json]:
    """The layout as JSON Schema, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tests of workflows for `maestrale test`",
        **FILE.schema(),
    }

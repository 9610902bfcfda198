"""Workflows made at random, over the whole language: a hypothesis strategy.

    @given(programs())
    def test_something(program: Program) -> None:
        stage = Stage(*program.texts)
        stage.start(program.workflow, program.input, program.params)

Only valid definitions are made. They are small, and cycles are bounded by a counter. hypothesis is one of
the project's development dependencies: without it this module cannot be imported.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from hypothesis import strategies as st
from msgspec import Struct

from maestrale.expressions import Json
from maestrale.lang import parse

TRUE, FALSE = ("<% true %>", "{{ true }}"), ("<% false %>", "{{ _.a < 0 }}")
MAYBE = ("<% $.a > 0 %>", "{{ _.a > 1 }}", "<% $.b = 1 %>")
FAILING = "<% $.nothing.at.all + 1 %>"
"""An expression that cannot be evaluated."""

AGAIN = "<% $.n < 2 %>"
"""The condition of every way back: a cycle goes round twice at most."""

ACTIONS = """
version: '2.0'
shout:
  input: [text, {mark: "!"}]
  base: std.echo
  base-input: {output: <% $.text %>}
  output: {said: <% $ %>}
twice: {input: [text], base: shout, base-input: {text: <% $.text %>, mark: "!!"}}
hold: {base: std.async_noop, output: {held: <% $ %>}}
spoil: {base: std.async_noop, output: <% $.nothing.at.all + 1 %>}
circle: {base: circle}
orphan: {base: acme.missing}
"""


class Program(Struct, frozen=True, kw_only=True):
    """Documents, and what is needed to start one of their workflows; or, without one, an action.

    `timeout_seconds` bounds an action that is run by itself.
    """

    texts: tuple[str, ...]
    workflow: str = "main"
    action: str | None = None
    timeout_seconds: int | None = None
    input: Mapping[str, Json] = {}
    params: Mapping[str, Json] = {}


class Kind(Struct, frozen=True):
    """What a generated workflow may have in it.

    Args:
        ordered: Its outcome may depend on the order in which things happen.
        faults: There may be expressions that cannot be evaluated, and names of nothing.
        waits: It may take time, and its actions may do something: False for what a real server is to play.
    """

    ordered: bool = True
    faults: bool = True
    waits: bool = True


UNORDERED = Kind(ordered=False, faults=False)
"""Workflows whose outcome is the same in whatever order their actions end and their turns are cut."""

AT_ONCE = Kind(ordered=False, faults=False, waits=False)
"""Such workflows that wait for nothing but the ends of their asynchronous actions."""


@st.composite
def programs(draw: st.DrawFn, kind: Kind = Kind()) -> Program:  # noqa: B008 - It is frozen.
    """Documents with a workflow `main`, and often with sub-workflows and ad-hoc actions."""
    names = ("main", "child", "leaf")[: draw(st.integers(1, 3))]
    workflows: dict[str, Any] = {"version": "2.0"}
    targets: dict[str, str | None] = {}
    for position in reversed(range(len(names))):
        below = {name: targets[name] for name in names[position + 1 :]}
        maker = _Maker(draw, kind, below, most=6 if position == 0 else 3)
        workflows[names[position]], targets[names[position]] = maker.workflow()
    text = yaml.safe_dump(workflows, sort_keys=False)
    parsed = parse(text)
    assert parsed.definitions is not None, (text, [str(problem) for problem in parsed.errors])
    params = {} if targets["main"] is None else {"task_name": targets["main"]}
    return Program(texts=(text, ACTIONS), params=params)


ALONE: Mapping[str, Mapping[str, Json]] = {
    "std.async_noop": {},
    "std.sleep": {"seconds": 1},
    "std.command": {"script": "true"},
    "std.echo": {"output": 1},
    "std.fail": {},
    "shout": {"text": "a"},
    "hold": {},
    "spoil": {},
}
"""Actions, with an input, that can be run without a task: pure and not, asynchronous and not, ad-hoc."""


@st.composite
def lone_actions(draw: st.DrawFn) -> Program:
    """An action to run by itself, often with so much time and no more."""
    action = draw(st.sampled_from(list(ALONE)))
    timeout = draw(st.sampled_from((None, 1, 2)))
    return Program(texts=(ACTIONS,), action=action, input=ALONE[action], timeout_seconds=timeout)


class _Maker:
    """Makes one workflow."""

    def __init__(self, draw: st.DrawFn, kind: Kind, below: Mapping[str, str | None], most: int) -> None:
        self._draw = draw
        self._kind = kind
        self._below = below
        self._most = most

    def _one_of(self, *values: Any) -> Any:
        return self._draw(st.sampled_from(values))

    def _chance(self, in_ten: int) -> bool:
        return self._draw(st.integers(0, 9)) >= 10 - in_ten

    def _fault(self) -> bool:
        """Whether something is to be wrong here: seldom, or few workflows would come far."""
        return self._kind.faults and self._draw(st.integers(0, 24)) == 24

    def _condition(self) -> str:
        if self._fault():
            return FAILING
        return str(self._one_of(*TRUE, *FALSE, *MAYBE))

    def workflow(self) -> tuple[dict[str, Any], str | None]:
        """The workflow, and the task to ask a reverse one for."""
        names = [
            f"t{number}"
            for number in range(
                self._draw(st.sampled_from((1, *range(2, self._most + 1), *range(3, self._most + 1))))
            )
        ]
        is_reverse = self._chance(2)
        workflow: dict[str, Any] = {
            "input": [{"x": 1}],
            "vars": {"a": self._draw(st.integers(0, 2)), "b": 0, "n": 0, "items": self._items()},
        }
        if self._chance(3):
            workflow["output"] = {"a": "<% $.a %>", "b": "{{ _.b }}"}
        if self._chance(2):
            workflow["output-on-error"] = {"a": "<% $.a %>"}
        tasks = {name: self._work(name) for name in names}
        if is_reverse:
            workflow["type"] = "reverse"
            for position, name in enumerate(names[1:], 1):
                required = self._some(names[:position], most=2)
                if required:
                    tasks[name]["requires"] = required
        else:
            defaults = self._defaults(names)
            if defaults:
                workflow["task-defaults"] = defaults
            self._lead(names, tasks)
            self._join(tasks, defaults)
        workflow["tasks"] = tasks
        return workflow, names[-1] if is_reverse else None

    def _items(self) -> list[int]:
        return list(range(self._draw(st.integers(0, 5))))

    def _some(self, names: Sequence[str], most: int) -> list[str]:
        if not names:
            return []
        return self._draw(st.lists(st.sampled_from(names), unique=True, max_size=most))

    # What a task does.

    def _work(self, name: str) -> dict[str, Any]:
        task: dict[str, Any] = {}
        loops = self._chance(3)
        if loops:
            task["with-items"] = self._one_of("i in <% $.items %>", "i in [1, 2]", 'i in {{ ["p", "q"] }}')
            if self._chance(5):
                task["concurrency"] = self._draw(st.integers(0, 3))
        if self._below and self._chance(4):
            self._sub_workflow(task)
        else:
            self._action(task, "<% $.i %>" if loops else self._one_of(1, "<% $.a %>", "{{ _.x }}"))
        self._publish(name, task)
        self._policies(task)
        return task

    def _action(self, task: dict[str, Any], value: Json) -> None:
        slow = ["async", "sleep", "command"] if self._kind.waits else ["async"]
        kinds = ["nothing", "noop", "echo", "fail", "shout", "hold", *slow * 3]
        if self._kind.faults and self._chance(1):
            kinds = ["twice", "spoil", "missing", "dynamic", "wrong"]
        work: dict[str, dict[str, Any]] = {
            "noop": {"action": "std.noop"},
            "nothing": {},
            "echo": {"action": "std.echo", "input": {"output": value}},
            "fail": {"action": "std.fail"},
            "async": {"action": "std.async_noop"},
            "sleep": {"action": "std.sleep seconds=1"},
            "command": {"action": "std.command", "input": {"script": "true"}},
            "shout": {"action": "shout", "input": {"text": value}},
            "hold": {"action": "hold"},
            "twice": {"action": "twice", "input": {"text": value}},
            "spoil": {"action": "spoil"},
            "missing": {"action": self._one_of("acme.missing", "circle", "orphan")},
            "dynamic": {"action": "<% concat('std.', 'noop') %>"},
            "wrong": {
                "action": "std.echo",
                "input": self._one_of({"surplus": 1}, {"output": FAILING}, "<% 5 %>"),
            },
        }
        task.update(work[self._one_of(*kinds)])
        if self._chance(2):
            task["safe-rerun"] = self._one_of(True, False)

    def _sub_workflow(self, task: dict[str, Any]) -> None:
        name = self._one_of(*self._below)
        task["workflow"] = name
        input_: dict[str, Any] = {}
        if self._below[name] is not None:
            input_["task_name"] = self._below[name]
        if self._chance(3):
            input_["x"] = 2
        if self._fault():
            input_["task_name"] = "nothing"
        if input_:
            task["input"] = input_

    def _publish(self, name: str, task: dict[str, Any]) -> None:
        if self._chance(4):
            task["publish"] = self._published(name)
        if self._chance(2):
            task["publish-on-error"] = {f"e_{name}": 1}
        if self._chance(1):
            task["keep-result"] = False

    def _published(self, name: str) -> dict[str, Any]:
        if not self._kind.ordered:
            return {f"v_{name}": self._one_of("<% task().result %>", 1)}
        if self._fault():
            return {"a": FAILING}
        return dict(
            self._one_of({"a": 1}, {"a": 2, "b": 1}, {"r": "<% task().result %>"}, {"b": "{{ _.a }}"})
        )

    def _policies(self, task: dict[str, Any]) -> None:
        if self._chance(3):
            task["retry"] = self._retry()
        for key in ("wait-before", "wait-after"):
            if self._chance(2):
                task[key] = self._one_of(0, 1, 2, "<% 1 %>") if self._kind.waits else 0
        if self._chance(1):
            task["fail-on"] = self._condition()
        if self._kind.ordered:
            if self._chance(2):
                task["timeout"] = self._one_of(1, 2, 3)
            if self._chance(1):
                task["pause-before"] = self._one_of(True, "<% true %>")
        if self._fault():
            task[self._one_of("wait-after", "wait-before", "timeout", "concurrency")] = "<% 'soon' %>"

    def _retry(self) -> dict[str, Any]:
        retry: dict[str, Any] = {
            "count": self._draw(st.integers(0, 2)),
            "delay": self._draw(st.integers(0, 2)) if self._kind.waits else 0,
        }
        for key in ("break-on", "continue-on"):
            if self._chance(2):
                retry[key] = self._condition()
        return retry

    # Where a task leads.

    def _defaults(self, names: Sequence[str]) -> dict[str, Any]:
        defaults: dict[str, Any] = {}
        if self._chance(1):
            defaults["retry"] = self._retry()
        if self._kind.ordered and len(names) > 1 and self._chance(2):
            defaults["on-error"] = [names[-1]]  # Never the first: something must be there to start with.
        if self._chance(1):
            defaults["safe-rerun"] = True
        return defaults

    def _lead(self, names: Sequence[str], tasks: Mapping[str, dict[str, Any]]) -> None:
        for position, name in enumerate(names):
            later = names[position + 1 :]
            for clause in ("on-success", "on-error", "on-complete"):
                if self._chance(7 if clause == "on-success" else 2):
                    written = self._clause(name, later)
                    if written:
                        tasks[name][clause] = written
            if position and self._kind.ordered and self._chance(2):
                self._lead_back(tasks[name], names[1 : position + 1])

    def _clause(self, name: str, later: Sequence[str]) -> Any:
        items: list[Any] = [self._transition(other) for other in self._some(later, most=2)]
        if self._kind.ordered and self._chance(2):
            items.insert(self._draw(st.integers(0, len(items))), self._command())
        published = self._kind.ordered and self._chance(2)
        if published:
            section: dict[str, Any] = {"publish": {self._one_of("branch", "global"): self._published(name)}}
            if items:
                section["next"] = items
            return section
        if len(items) == 1 and isinstance(items[0], str) and self._chance(3):
            return items[0]
        return items

    def _transition(self, other: str) -> Any:
        return {other: self._condition()} if self._chance(3) else other

    def _command(self) -> Any:
        command = self._one_of(
            "noop", "fail", "succeed", "pause", "pause", "fail msg=<% $.a %>", 'pause msg="x y"'
        )
        return {command: self._condition()} if self._chance(3) else command

    def _lead_back(self, task: dict[str, Any], earlier: Sequence[str]) -> None:
        """A way back, bounded by a counter that every passage of the task raises."""
        if "on-complete" in task:
            return
        task["on-complete"] = [{self._one_of(*earlier): AGAIN}]
        for section in ("publish", "publish-on-error"):
            task[section] = {**task.get(section, {}), "n": "<% $.n + 1 %>"}

    def _join(self, tasks: Mapping[str, dict[str, Any]], defaults: Mapping[str, Any]) -> None:
        inbound = _inbound(tasks, defaults)
        for name, task in tasks.items():
            if not inbound[name]:
                continue
            if not self._kind.ordered:
                task["join"] = "all"
            elif self._chance(5):
                task["join"] = self._one_of("all", "one", self._draw(st.integers(1, len(inbound[name]))))


def _inbound(tasks: Mapping[str, dict[str, Any]], defaults: Mapping[str, Any]) -> dict[str, set[str]]:
    """task → those that lead to it."""
    inbound: dict[str, set[str]] = {name: set() for name in tasks}
    for name, task in tasks.items():
        for clause in ("on-success", "on-error", "on-complete"):
            targets = _targets(task.get(clause))
            if not targets:
                targets = [other for other in _targets(defaults.get(clause)) if other != name]
            for other in targets:
                if other in tasks:
                    inbound[other].add(name)
    return inbound


def _targets(clause: Any) -> list[str]:
    if isinstance(clause, dict):
        clause = clause.get("next")
    items = [clause] if isinstance(clause, str) else clause or []
    return [item if isinstance(item, str) else next(iter(item)) for item in items]

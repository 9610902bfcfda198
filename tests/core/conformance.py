"""Recorded cases of a real Mistral, played on the pure core."""

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

from maestrale.core import Result, State
from maestrale.core.events import (
    ActionCompleted,
    Entry,
    PauseRequested,
    ResumeRequested,
    StopRequested,
    TaskRerunRequested,
    TaskSkipRequested,
    TurnContinued,
)
from maestrale.core.state import ActionRun, Execution, Task
from maestrale.core.status import ENDED_RUN
from maestrale.core.turn import Turn
from maestrale.core.views import result_of
from maestrale.errors import Error
from maestrale.expressions import Json
from maestrale.lang import parse
from maestrale.testing.stage import ROOT, Stage

ROOT_FOLDER = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("MAESTRALE_CONFORMANCE", ROOT_FOLDER.parent / "shared" / "conformance"))
MESSAGE = "<message>"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?")


class NotForTheCore(Exception):
    """The case needs what the core does not have: the API, stored definitions, reruns."""


class Play:
    """One case on a stage."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = json.loads(json.dumps(case, default=str).replace("@@", "0123abcd"))
        self.texts: list[str] = []
        self.seen: list[dict[str, Any]] = []
        self.environments: dict[str, Json] = {}
        self.stage: Stage | None = None

    def run(self) -> dict[str, Any]:
        seen: dict[str, Any] = {"uploads": [self._upload(d) for d in self.case.get("definitions", [])]}
        if "start" not in self.case:
            if "steps" in self.case:
                raise NotForTheCore("the API")
            return seen
        seen["start"] = self._start(self.case["start"])
        if seen["start"] != 201:
            return seen
        steps = [self._step(*next(iter(step.items()))) for step in self.case.get("steps", [])]
        if steps:
            seen["steps"] = steps
        return seen | self._end()

    def _upload(self, definition: dict[str, Any]) -> int:
        if definition.get("namespace") or self.case.get("start", {}).get("namespace"):
            raise NotForTheCore("namespaces")
        if definition["kind"] == "workbook" and any(d["kind"] == "workbook" for d in self.seen):
            raise NotForTheCore("updates of stored definitions")
        self.seen.append(definition)
        if definition["kind"] == "environment":
            body = parse_plain(definition["text"])
            self.environments[body["name"]] = body.get("variables", {})
            return 201
        parsed = parse(definition["text"])
        if parsed.definitions is None:
            return 400
        self.texts.append(definition["text"])
        return 201

    def _start(self, start: dict[str, Any]) -> int:
        params = dict(start.get("params", {}))
        if isinstance(params.get("env"), str):
            if params["env"] not in self.environments:
                return 400
            params["env"] = self.environments[params["env"]]
        self.stage = Stage(*self.texts)
        if not any(pin.name == start["workflow"] for pin in self.stage.pins):
            return 404
        try:
            self.stage.start(start["workflow"], start.get("input", {}), params)
        except Error:
            return 400
        return 201

    # Steps.

    def _step(self, kind: str, argument: Any) -> Any:
        path = argument.pop("in", []) if isinstance(argument, dict) else []
        match kind:
            case "sleep":
                self._stage.pass_time(argument)
            case "wait":
                return self._until(lambda: self._execution(path).state == argument["state"])
            case "wait_task":
                return self._until(lambda: self._has_task(path, argument["task"], argument["state"]))
            case "wait_runs":
                return self._until(lambda: self._run_states(path, argument["task"]) == argument["runs"])
            case "runs":
                return self._run_states(path, argument["task"])
            case "action":
                return self._complete(path, argument)
            case "execution":
                return self._change(self._execution(path), argument)
            case "task":
                return self._rerun(path, argument)
            case "call" if argument == {"method": "GET", "path": "/executions/{id}", "show": ["state"]}:
                return {"status": 200, "state": self._stage.root.state}
            case _:
                raise NotForTheCore(kind)
        return None

    @property
    def _stage(self) -> Stage:
        assert self.stage is not None
        return self.stage

    def _until(self, happens: Any) -> str | None:
        while not happens():
            if any(not run.asynchronous for run in self._stage.open_runs()):
                raise NotForTheCore("a worker")
            if not self._stage.pass_to_next_timer():
                return "never happened"
        return None

    def _execution(self, path: list[str]) -> Execution:
        execution = self._stage.root
        for name in path:
            task = self._task(execution, name)
            execution = [e for e in self._stage.state.executions.values() if e.parent_task_id == task.id][-1]
        return execution

    def _tasks(self, execution: Execution) -> list[Task]:
        return [task for task in self._stage.tasks() if task.execution_id == execution.id]

    def _task(self, execution: Execution, name: str) -> Task:
        return [task for task in self._tasks(execution) if task.name == name][-1]

    def _has_task(self, path: list[str], name: str, state: str) -> bool:
        return any(t.name == name and t.state == state for t in self._tasks(self._execution(path)))

    def _children(self, task: Task) -> list[ActionRun | Execution]:
        if task.type == "WORKFLOW":
            return [e for e in self._stage.state.executions.values() if e.parent_task_id == task.id]
        return [run for run in self._stage.runs() if run.task_id == task.id]

    def _run_states(self, path: list[str], name: str) -> dict[str, int]:
        return self._states_of(self._task(self._execution(path), name))

    def _states_of(self, task: Task) -> dict[str, int]:
        return dict(sorted(Counter(str(child.state) for child in self._children(task)).items()))

    def _complete(self, path: list[str], wanted: dict[str, Any]) -> int | str:
        if wanted["state"] in ("PAUSED", "RUNNING"):
            raise NotForTheCore("pausing actions")
        given = wanted.get("input", {}).items()

        def running() -> list[ActionRun]:
            return [
                run
                for task in self._tasks(self._execution(path))
                if task.name == wanted["task"]
                for run in self._children(task)
                if isinstance(run, ActionRun) and run.state not in ENDED_RUN and given <= run.input.items()
            ]

        if (late := self._until(running)) is not None:
            return late
        output = wanted.get("output")
        match wanted["state"]:
            case "SUCCESS":
                result = Result(value=output)
            case "ERROR":
                result = Result(error=output or "Unknown error")
            case _:
                result = Result(cancelled=True)
        self._stage.send(ActionCompleted(running()[0].id, None, result))
        return 200

    def _change(self, execution: Execution, change: dict[str, Any]) -> int:
        env = change.get("params", {}).get("env")
        try:
            match change.get("state"):
                case "PAUSED":
                    self._stage.send(PauseRequested(execution.id, change.get("state_info")))
                case "RUNNING":
                    self._stage.send(ResumeRequested(execution.id, env or {}))
                case ("SUCCESS" | "ERROR" | "CANCELLED") as state:
                    self._stage.send(StopRequested(execution.id, state, change.get("state_info")))
                case _:
                    raise NotForTheCore("updates")
        except Error:
            return 400
        return 200

    def _rerun(self, path: list[str], change: dict[str, Any]) -> int:
        named = [task for task in self._tasks(self._execution(path)) if task.name == change["task"]]
        task = ([task for task in named if task.state == "ERROR"] or named)[-1]
        if change["state"] == "RUNNING" and "reset" not in change:
            return 400  # The API's own check.
        try:
            if change["state"] == "SKIPPED":
                self._stage.send(TaskSkipRequested(task.id))
            else:
                env = change.get("env") or {}
                self._stage.send(TaskRerunRequested(task.id, reset=change["reset"], env=env))
        except Error:
            return 400
        return 200

    # The end.

    def _end(self) -> dict[str, Any]:
        ends = {"SUCCESS", "ERROR", "CANCELLED", self.case.get("ends")}
        late = self._until(lambda: self._stage.root.state in ends)
        root = self._stage.root
        rows = [
            {
                "name": task.name,
                "state": str(task.state),
                "type": task.type,
                "published": task.published if task.published is not None else {},
                "result": result_of(_reading(self._stage.state, self._stage), task),
                "runs": self._states_of(task),
            }
            for task in self._tasks(root)
        ]
        return {
            "state": late or str(root.state),
            "state_info": bool(root.state_info),
            "output": plain(root.output or {}),
            "tasks": sorted((plain(row) for row in rows), key=lambda row: json.dumps(row, sort_keys=True)),
        }


def _reading(state: State, stage: Stage) -> Turn:
    return Turn(stage.world, state, Entry(TurnContinued(), at=stage.clock.now(), seed=""))


def parse_plain(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)


def plain(value: Any) -> Any:
    """Blank out what differs from run to run."""
    if isinstance(value, str):
        value = re.sub(r"(?<=_)0123abcd\b", "@@", value)
        return STAMP.sub("<time>", UUID.sub("<id>", value))
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def differences(want: Any, got: Any, at: str = "") -> list[str]:
    """Where a result differs from the recorded one; a recorded message stands for any text."""
    if want == MESSAGE and isinstance(got, str) and got:
        return []
    if isinstance(want, dict) and isinstance(got, dict):
        keys = sorted({*want, *got})
        return [d for key in keys for d in differences(want.get(key), got.get(key), f"{at}.{key}")]
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [
            d for i, (w, g) in enumerate(zip(want, got, strict=True)) for d in differences(w, g, f"{at}[{i}]")
        ]
    same = want == got and isinstance(want, bool) == isinstance(got, bool)
    return [] if same else [f"{at}: want {json.dumps(want)}, got {json.dumps(got, default=repr)}"]


__all__ = ["FOLDER", "ROOT", "NotForTheCore", "Play", "differences"]

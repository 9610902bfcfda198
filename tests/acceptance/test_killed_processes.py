"""`maestrale run` and `resume`, killed with SIGKILL at random moments, over actions that leave a trace.

Every action appends one line, with its key and its attempt, to a file. Whatever moment the process dies
at, after the resumes every step is there, a committed one exactly once, and an attempt that was cut off
is repeated or failed as the task says. MAESTRALE_KILLS sets how many processes are killed.
"""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from maestrale.core.state import ActionRun
from maestrale.store import TreeRows, open_store

KILLS = int(os.environ.get("MAESTRALE_KILLS", "60"))
SEED = int(os.environ.get("MAESTRALE_SEED", "20261123"))

WORKFLOW = """
version: '2.0'

work:
  input: [log]
  output:
    parts: <% $.parts.len() %>
    answer: <% $.answer %>
  tasks:
    first:
      action: note
      input: {log: <% $.log %>}
      safe-rerun: true
      on-success: [left, right]
    left:
      with-items: i in [1, 2, 3, 4, 5, 6]
      concurrency: 3
      action: note
      input: {log: <% $.log %>}
      safe-rerun: true
      publish: {parts: <% task().result %>}
      on-success: meet
    right:
      workflow: careful
      input: {log: <% $.log %>}
      publish: {answer: <% task().result.answer %>}
      on-success: meet
    meet:
      join: all
      action: note
      input: {log: <% $.log %>}
      safe-rerun: true
      wait-before: 1
      on-success: last
    last:
      action: note
      input: {log: <% $.log %>}
      retry: {count: 50, delay: 0}

careful:
  input: [log]
  output: {answer: <% $.answer %>}
  tasks:
    one:
      action: note
      input: {log: <% $.log %>}
      retry: {count: 50, delay: 0}
      on-success: two
    two:
      action: note
      input: {log: <% $.log %>}
      retry: {count: 50, delay: 0}
      publish: {answer: done}
"""

ACTIONS = """
version: '2.0'

note:
  input: [log]
  base: std.command
  base-input:
    script: |
      echo "$MAESTRALE_ACTION_EXECUTION_ID $MAESTRALE_ATTEMPT" >> "$LOG"; sleep 0.02
    env: {LOG: <% $.log %>}
"""


class Place:
    """A folder with a database, a log and the workflow's files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._log = folder / "log.txt"
        self.database = f"sqlite:///{folder}/work.db"
        self._workflow = folder / "work.yaml"
        self._workflow.write_text(WORKFLOW)
        self._actions = folder / "actions.yaml"
        self._actions.write_text(ACTIONS)

    def start(self) -> "subprocess.Popen[str]":
        files = [str(self._workflow), "work", "--include", str(self._actions)]
        return self._spawn("run", *files, "--input", f"log={self._log}", "--quiet")

    def go_on(self) -> "subprocess.Popen[str]":
        """Resume the execution, or start it if no start was committed."""
        tree = self.tree()
        return self.start() if tree is None else self._spawn("resume", tree.tree.id, "--quiet")

    def _spawn(self, command: str, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "maestrale", command, *arguments, "--database", self.database],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def tree(self) -> TreeRows | None:
        """The stored tree; None as long as the start was not committed."""
        try:
            with open_store(self.database, create=False) as store:
                execution = store.latest_execution()
                return None if execution is None else store.load_tree(execution.root_id)
        except Exception:  # The process died before the database was there.
            if (path := Path(self.database.removeprefix("sqlite:///"))).exists() and path.stat().st_size:
                raise
            return None

    def noted(self) -> Counter[tuple[str, int]]:
        """How often each attempt of each run has left its line."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return Counter((run_id, int(attempt)) for run_id, attempt in map(str.split, lines))


@pytest.mark.timeout(600)
def test_after_any_number_of_kills_every_step_is_there_and_the_committed_ones_once(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    killed = rounds = 0
    while killed < KILLS:
        rounds += 1
        place = Place(tmp_path / f"round-{rounds}")
        process = place.start()
        while not ended_by_itself(process, after=chance.uniform(0.15, 0.9)):
            killed += 1
            process = place.go_on()
        output, _ = process.communicate()
        assert process.returncode == 0, f"seed {SEED}, round {rounds}: {output}"
        check_steps(place)


def ended_by_itself(process: "subprocess.Popen[str]", *, after: float) -> bool:
    """Give the process so many seconds, then kill it if it still runs."""
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return False
    return True


def check_steps(place: Place) -> None:
    """Compare what the database says was done with what was really done."""
    tree, noted = place.tree(), place.noted()
    assert tree is not None
    names = {task.id: task.name for task in tree.tasks}
    succeeded = Counter(names[run.task_id] for run in tree.runs if run.state == "SUCCESS")
    assert succeeded == {"first": 1, "left": 6, "one": 1, "two": 1, "meet": 1, "last": 1}
    for run in tree.runs:
        check_run(run, noted)
    assert {run_id for run_id, _ in noted} <= {run.id for run in tree.runs}


def check_run(run: ActionRun, noted: Counter[tuple[str, int]]) -> None:
    attempts = {attempt: count for (run_id, attempt), count in noted.items() if run_id == run.id}
    assert set(attempts.values()) <= {1}, f"{run.name}: an attempt began twice: {attempts}"
    if run.state == "SUCCESS":
        assert run.attempt in attempts, f"{run.name}: the committed attempt left no trace"
        assert max(attempts) == run.attempt, f"{run.name}: it ran again after it was committed"
    if not run.safe_rerun:
        assert set(attempts) <= {1}, f"{run.name}: not safe to repeat, but repeated: {attempts}"

"""Every code a finding can have, with its meaning in one line.

`docs/reference/linter.md` shows an example of each; a test compares the page with this table and runs the
examples. The codes of what is wrong with a text are in `lang.codes`.
"""

from collections.abc import Mapping

FINDINGS: Mapping[str, str] = {
    # The graph.
    "task-never-runs": "No run of the workflow comes to this task.",
    "join-never-fires": "No run of the workflow brings enough branches to this join.",
    "join-fires-twice": "A join that is on no cycle can run more than once.",
    "endless-loop": "A loop without a way out.",
    # Names.
    "undefined-variable": "A variable is read that nothing before defines.",
    "unknown-task-name": "`task(…)` names a task that the workflow does not have.",
    "task-not-run-yet": "`task(…)` names a task that cannot have begun when it is asked for.",
    "unknown-function": "An expression calls a function that its language does not have.",
    "unknown-action": "There is no action of this name.",
    "unknown-workflow": "There is no workflow of this name.",
    "missing-parameter": "An action or a workflow does not get an input that it requires.",
    "unexpected-parameter": "An action gets an input that it does not have.",
    # Secrets.
    "plain-secret": "A secret in plain text.",
    # The linter itself.
    "unknown-code": "A comment silences a code that there is not.",
}

"""What a task makes known when it ends: branch variables and global ones.

Source: Mistral v2, section 2.5. All scopes of all sections count (Appendix D, 10); on a conflict of
keys `on-complete` wins over the task's own section, and that over the clause of the state.
"""

from collections.abc import Mapping

from maestrale.core import contexts
from maestrale.core.scopes import evaluate_mapping, task_scope
from maestrale.core.sizes import check_size
from maestrale.core.state import Task
from maestrale.core.status import TaskState
from maestrale.core.turn import Turn
from maestrale.expressions import Json, Template, compile_template, is_open_mapping
from maestrale.lang.model import Publish, TaskDefinition


def publish(turn: Turn, task: Task) -> Task:
    """Evaluate and store what the task publishes in its present state.

    Raises:
        EvaluationError: An expression cannot be evaluated, or gives what cannot be stored.
        ForcedFailure: It is larger than the limit.
    """
    contexts.forget_behind(turn, task)
    sections = [section for section in sections_for(turn.definition(task), task.state) if section is not None]
    if not sections:
        return task
    branch = _combined([section.branch for section in sections])
    global_ = _combined([section.global_ for section in sections])
    scope = task_scope(turn, task)
    variables = evaluate_mapping("publish", branch, scope)
    global_variables = evaluate_mapping("publish", global_, scope)
    check_size(turn, f"what task {task.name} publishes", [variables, global_variables])
    if global_variables:
        execution = turn.execution(task.execution_id)
        turn.update_execution(execution, context=deep_merge(execution.context, global_variables))
    return turn.update_task(
        task,
        # Mistral shows null, not an empty mapping, where only global variables are published.
        published=None if global_variables and not variables else variables,
        published_global=global_variables or None,
    )


def sections_for(definition: TaskDefinition, state: TaskState) -> tuple[Publish | None, ...]:
    """The sections that apply, the weakest first."""
    match state:
        case TaskState.SUCCESS:
            return (definition.on_success.publish, definition.publish, definition.on_complete.publish)
        case TaskState.ERROR:
            return (definition.on_error.publish, definition.publish_on_error, definition.on_complete.publish)
        case TaskState.SKIPPED:
            return (definition.on_skip.publish, definition.publish_on_skip, definition.on_complete.publish)
    return ()


def _combined(sections: list[Mapping[str, Template] | None]) -> dict[str, Template]:
    """The templates of all sections in one; what is a mapping in both is merged as it was written."""
    combined: dict[str, Template] = {}
    for section in sections:
        for name, template in (section or {}).items():
            known = combined.get(name)
            if known and is_open_mapping(known.source) and is_open_mapping(template.source):
                template = compile_template(deep_merge(known.source, template.source))
            combined[name] = template
    return combined


def deep_merge(base: Mapping[str, Json], over: Mapping[str, Json]) -> dict[str, Json]:
    """`base` with the values of `over` in it; where both hold a mapping, these are merged in turn.

    A secret is one value, even if it is a mapping.
    """
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        if is_open_mapping(known) and is_open_mapping(value):
            value = deep_merge(known, value)
        merged[key] = value
    return merged

"""The client's own structs against the shapes that the server sends."""

import msgspec
import pytest
from msgspec import Struct

import maestrale.client as client
from maestrale.client import nodes as client_nodes
from maestrale.client import runs
from maestrale.client.views import Edge, Explanation, Graph, LoopProgress, Node, SubExecution
from maestrale.core import edges, picture, waits
from maestrale.wire import (
    action_executions,
    actions,
    code_sources,
    cron_triggers,
    dynamic_actions,
    environments,
    event_triggers,
    events,
    executions,
    members,
    nodes,
    reports,
    tasks,
    validation,
    workbooks,
    workflows,
)

PAIRS: list[tuple[type[Struct], type[Struct]]] = [
    (action_executions.ActionExecution, client.ActionExecution),
    (actions.Action, client.Action),
    (code_sources.CodeSource, client.CodeSource),
    (cron_triggers.CronTrigger, client.CronTrigger),
    (dynamic_actions.DynamicAction, client.DynamicAction),
    (environments.Environment, client.Environment),
    (event_triggers.EventTrigger, client.EventTrigger),
    (events.ActionEvent, client.ActionExecutionChanged),
    (events.EndEvent, client.Ended),
    (events.ExecutionEvent, client.ExecutionChanged),
    (events.TaskEvent, client.TaskChanged),
    (executions.Execution, client.Execution),
    (members.Member, client.Member),
    (nodes.Node, client.ServiceNode),
    (nodes.NodeList, client.NodeList),
    (nodes.NodeLoad, client_nodes.NodeLoad),
    (reports.Report, client.Report),
    (reports.ReportedAction, runs.ActionReport),
    (reports.ReportedExecution, runs.ExecutionReport),
    (reports.ReportedTask, runs.TaskReport),
    (reports.Statistics, runs.Statistics),
    (tasks.Task, client.Task),
    (validation.DefinitionWarning, client.DefinitionWarning),
    (validation.Verdict, client.Validation),
    (workbooks.Workbook, client.Workbook),
    (workflows.Workflow, client.Workflow),
    (edges.Edge, Edge),
    (picture.LoopProgress, LoopProgress),
    (picture.Node, Node),
    (picture.Picture, Graph),
    (picture.SubExecution, SubExecution),
    (waits.Explanation, Explanation),
]


def _names(kind: type[Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize(("sent", "given"), PAIRS, ids=lambda kind: kind.__name__)
def test_the_client_gives_every_attribute_that_the_server_sends(
    sent: type[Struct], given: type[Struct]
) -> None:
    assert _names(sent) - _names(given) == set()

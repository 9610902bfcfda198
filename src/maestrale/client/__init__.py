"""A typed, asynchronous client of the API.

This layer promises: what comes back are frozen structs whose instants are aware and whose inputs and outputs
are data; lists page by themselves; an execution is never started twice by a repetition of ours; waiting and
watching outlive lost connections and restarts of the server; what goes wrong is one of `maestrale.errors`
with the server's own message and code. It knows nothing of the server but `wire`.
"""

from maestrale.client.answers import NoAnswer
from maestrale.client.client import DEFAULT_URL, Client
from maestrale.client.definitions import (
    Action,
    CodeSource,
    CronTrigger,
    DefinitionWarning,
    DynamicAction,
    Environment,
    EventTrigger,
    Member,
    Validation,
    Workbook,
    Workflow,
)
from maestrale.client.evaluations import Evaluation, EvaluationFault
from maestrale.client.events import ActionExecutionChanged, Ended, Event, ExecutionChanged, TaskChanged
from maestrale.client.filters import Filter
from maestrale.client.nodes import NodeList, NodeLoad, ServiceNode
from maestrale.client.runs import ActionExecution, Execution, Report, Task
from maestrale.client.views import Explanation, Graph, Wait

__all__ = [
    "DEFAULT_URL",
    "Action",
    "ActionExecution",
    "ActionExecutionChanged",
    "Client",
    "CodeSource",
    "CronTrigger",
    "DefinitionWarning",
    "DynamicAction",
    "Ended",
    "Environment",
    "Evaluation",
    "EvaluationFault",
    "Event",
    "EventTrigger",
    "Execution",
    "ExecutionChanged",
    "Explanation",
    "Filter",
    "Graph",
    "Member",
    "NoAnswer",
    "NodeList",
    "NodeLoad",
    "Report",
    "ServiceNode",
    "Task",
    "TaskChanged",
    "Validation",
    "Wait",
    "Workbook",
    "Workflow",
]

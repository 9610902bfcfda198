"""The groups of commands, and where each is declared. Loading this loads none of them."""

from collections.abc import Mapping
from importlib import import_module

from msgspec import Struct

from maestrale.cli.command import Command


class Group(Struct, frozen=True):
    """Commands about one kind of thing. `module` has them as a table, by verb, under the name `table`.

    `package` is where the module is; those about a server are in `remote`.
    """

    summary: str
    module: str
    table: str
    package: str = "remote"

    @property
    def is_about_server(self) -> bool:
        return self.package == "remote"

    def load(self) -> Mapping[str, Command]:
        """The commands of the group, by verb."""
        commands: Mapping[str, Command] = getattr(
            import_module(f"maestrale.cli.{self.package}.{self.module}"), self.table
        )
        return commands


GROUPS: Mapping[str, Group] = {
    "db": Group("Look at a database, check it, bring it up to date.", "commands", "DB", package="db"),
    "execution": Group("Start, watch and steer executions.", "executions", "EXECUTION"),
    "task": Group("Look at tasks, and run failed ones again.", "tasks", "TASK"),
    "action-execution": Group("Look at runs of actions, and complete them.", "tasks", "ACTION_EXECUTION"),
    "workflow": Group("Store and look at workflows.", "definitions", "WORKFLOW"),
    "workbook": Group("Store and look at workbooks.", "definitions", "WORKBOOK"),
    "action": Group("Store, look at and run actions.", "definitions", "ACTION"),
    "environment": Group("Keep sets of variables.", "triggers", "ENVIRONMENT"),
    "cron-trigger": Group("Start workflows by the clock.", "triggers", "CRON_TRIGGER"),
    "event-trigger": Group("Start workflows when events come.", "triggers", "EVENT_TRIGGER"),
    "member": Group("Share a workflow with other projects.", "members", "MEMBER"),
    "code-source": Group("Keep Python source for actions.", "code", "CODE_SOURCE"),
    "dynamic-action": Group("Make actions of classes in code sources.", "code", "DYNAMIC_ACTION"),
    "maintenance": Group("Pause and resume the whole service.", "maintenance", "MAINTENANCE"),
}

"""What a task can do: the `@action` decorator, the registry and the standard actions.

This layer promises: an action is an ordinary function; its input is checked against its signature
before it is called, without ever showing a value; what comes back is JSON or an error that says where
it is not; looking up a standard action imports no library and searches no package. It knows nothing of
tasks, retries or databases. Running actions is the workers' part.
"""

from maestrale.actions.command import CommandSettings
from maestrale.actions.context import ActionContext, Settings
from maestrale.actions.declare import DISPATCH, DeclarationError, action
from maestrale.actions.egress import LOCAL_NETWORKS, HttpSettings
from maestrale.actions.javascript import JavaScriptSettings
from maestrale.actions.mail import EmailSettings
from maestrale.actions.providers import ProviderSettings
from maestrale.actions.registry import Registry
from maestrale.actions.results import ActionFailed
from maestrale.actions.ssh_ways import SshSettings
from maestrale.core.catalogue import Result

__all__ = [
    "DISPATCH",
    "LOCAL_NETWORKS",
    "ActionContext",
    "ActionFailed",
    "CommandSettings",
    "DeclarationError",
    "EmailSettings",
    "HttpSettings",
    "JavaScriptSettings",
    "ProviderSettings",
    "Registry",
    "Result",
    "Settings",
    "SshSettings",
    "action",
]

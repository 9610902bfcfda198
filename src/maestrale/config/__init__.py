"""From flags, variables and a TOML file to one checked settings object for each layer.

This layer promises: a setting is declared once, in `table`, and has one name everywhere; whatever is
wrong is told with its place before anything starts; nothing below reads the environment for settings.
"""

from maestrale.config.configuration import Configuration, Effective, load_configuration
from maestrale.config.objects import LogSettings, ServerSettings, Settings, WorkerSettings
from maestrale.config.table import GROUPS, SETTINGS

__all__ = [
    "GROUPS",
    "SETTINGS",
    "Configuration",
    "Effective",
    "LogSettings",
    "ServerSettings",
    "Settings",
    "WorkerSettings",
    "load_configuration",
]

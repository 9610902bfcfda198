"""Tells publishers what has become of executions.

A notifier promises: what a commit has to tell is sent, even if the process dies in between; in the order in
which it happened, for each execution and target; again and again until it arrives or is too old; at least
once, and with the same id each time. A target that is slow or dead delays nobody else, and nothing of it
ever holds up an execution.
"""

from maestrale.notifier.notifier import Notifier
from maestrale.notifier.settings import NotifierSettings

__all__ = ["Notifier", "NotifierSettings"]

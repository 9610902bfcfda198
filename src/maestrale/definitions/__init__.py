"""Stored definitions: who may make, change, share and use workbooks, workflows, actions, environments,
triggers and code.

This layer promises: an operation is one transaction, which does all of it or nothing; a row is made in the
caller's project; what the caller cannot see does not exist for them (`NotFound`), what they see but do not
own they cannot change (`Forbidden`); an update that changes nothing leaves `updated_at` alone. Operations are
synchronous and take the store, the caller's `Access` and the present instant. What takes long and needs no
store, reading a text, is a step of its own before: `read_upload`.

It knows neither the engine nor HTTP.
"""

from maestrale.definitions.inspection import Inspection, Stored, find_stored, find_warnings, inspect_text
from maestrale.definitions.uploads import Upload, ValidationMode, is_checked, read_upload
from maestrale.definitions.workflow_input import check_workflow_input

__all__ = [
    "Inspection",
    "Stored",
    "Upload",
    "ValidationMode",
    "check_workflow_input",
    "find_stored",
    "find_warnings",
    "inspect_text",
    "is_checked",
    "read_upload",
]

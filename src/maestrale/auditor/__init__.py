"""Never stuck: whether everything that is to go on can, and every row is as it must be.

This layer promises: what is found is told with a stable code and the values that show it, and never with data
that may be secret; what is put right keeps to what the history says, and touches nothing that somebody else
runs; an audit of a database writes nothing unless it is asked to.

`Auditor` goes on in a server, `DatabaseAudit` and `Repairs` work for a command, on any database. What must be
true of one tree is in `core.audit` and `core.standstill`.
"""

from maestrale.auditor.auditor import Auditor
from maestrale.auditor.codes import CODES, Code, Repair
from maestrale.auditor.database import DatabaseAudit, Report
from maestrale.auditor.repairs import Repaired, Repairs
from maestrale.auditor.settings import AuditSettings

__all__ = [
    "CODES",
    "AuditSettings",
    "Auditor",
    "Code",
    "DatabaseAudit",
    "Repair",
    "Repaired",
    "Repairs",
    "Report",
]

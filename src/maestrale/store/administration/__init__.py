"""What an administrator asks of a database, and does to it, whatever the version of its schema.

* `look_at` opens it as it is; `read_info` tells what is in it, `check` what is wrong with it.
* `plan_upgrade`, `upgrade` and `upgrade_script` bring it to the schema of this program.

No password is in what they tell. A file is locked by none of them for longer than a moment.
"""

from maestrale.store.administration.checks import check
from maestrale.store.administration.info import DatabaseInfo, TableInfo, read_info
from maestrale.store.administration.subject import Subject, look_at
from maestrale.store.administration.upgrades import Plan, Step, plan_upgrade, upgrade, upgrade_script
from maestrale.store.administration.verdicts import Level, Verdict

__all__ = [
    "DatabaseInfo",
    "Level",
    "Plan",
    "Step",
    "Subject",
    "TableInfo",
    "Verdict",
    "check",
    "look_at",
    "plan_upgrade",
    "read_info",
    "upgrade",
    "upgrade_script",
]

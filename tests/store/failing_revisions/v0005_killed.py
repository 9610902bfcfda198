"""A revision whose process is killed in the middle."""

import os
import signal

from maestrale.store.migrations.operations import run

revision = "0005"
down_revision = "0004"
serves = 5


def upgrade() -> None:
    run("ALTER TABLE tasks ADD COLUMN label TEXT", "DROP TABLE timers")
    os.kill(os.getpid(), signal.SIGKILL)

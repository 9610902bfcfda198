"""A revision of a version to come, which makes an index beside those who write."""

from maestrale.store.migrations.operations import create_index_beside_writers

revision = "0006"
down_revision = "0005"
serves = 4


def upgrade() -> None:
    create_index_beside_writers("tasks_by_label", "ON tasks (label)")

"""The first schema. Nothing leads to it: a database that has it was made with it."""

revision = "0001"
down_revision = None
serves = 1


def upgrade() -> None:
    raise AssertionError("a database without a schema is made from `schema.creation`")

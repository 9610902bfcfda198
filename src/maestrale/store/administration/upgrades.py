"""Bringing a database to the schema of this program: what is to be done, the doing, and the statements."""

from collections.abc import Callable

from msgspec import Struct

from maestrale.store import schema
from maestrale.store.administration.subject import Subject, look_at
from maestrale.store.compatibility import too_new
from maestrale.store.opening import open_database
from maestrale.store.urls import PostgresqlAddress, parse_url

PATIENCE_SECONDS = 60.0
"""How long an upgrade is tried while others use the tables."""


class Step(Struct, frozen=True, kw_only=True):
    """A step to the next version. `serves`: the oldest version whose programs may go on afterwards."""

    schema: int
    serves: int
    title: str


class Plan(Struct, frozen=True, kw_only=True):
    """What an upgrade has to do.

    Args:
        database: Its path or URL, without a password.
        found: The version of its schema. None: it has no tables; they are made, and there are no steps.
        to: The version that it has afterwards.
    """

    database: str
    found: int | None
    to: int
    steps: tuple[Step, ...]

    @property
    def is_needed(self) -> bool:
        return self.found is None or bool(self.steps)


def plan_upgrade(url: str) -> Plan:
    """What an upgrade has to do.

    Raises:
        InvalidInput: The database is of a later version that does not serve this program (`database-newer`).
        Error: It cannot be opened; see `look_at`.
    """
    with look_at(url) as subject:
        return _plan(subject)


def _plan(subject: Subject) -> Plan:
    version, name = subject.version, subject.address.shown
    if version is None:
        return Plan(database=name, found=None, to=schema.VERSION, steps=())
    if version.is_too_new:
        raise too_new(name, version)
    steps: tuple[Step, ...] = ()
    if version.is_older:
        from maestrale.store.migrations.revisions import Revisions  # It takes half a second to load.

        steps = tuple(
            Step(schema=each.schema, serves=each.serves, title=each.title)
            for each in Revisions().between(version.number, schema.VERSION)
        )
    return Plan(database=name, found=version.number, to=max(version.number, schema.VERSION), steps=steps)


def upgrade(
    url: str,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    on_step: Callable[[str], None] | None = None,
    on_wait: Callable[[str], None] | None = None,
) -> Plan:
    """Bring a database to the schema of this program; what that took. Done again, it does nothing.

    On a server nodes may go on working; on a file everybody waits for a moment.

    Args:
        patience_seconds: How long to wait for tables that others use, and for another program that upgrades.
        on_step: Is told what is begun.
        on_wait: Is told who may be using a table, while the upgrade waits for it.

    Raises:
        Unavailable: It could not be done (`upgrade-under-way`, `table-in-use` and others). The database is at
            the last step that was done, and the rest can be done later.
    """
    plan = plan_upgrade(url)
    address = parse_url(url)
    if plan.steps and isinstance(address, PostgresqlAddress):
        from maestrale.store.migrations.server import upgrade_server

        upgrade_server(
            address,
            to=schema.VERSION,
            patience_seconds=patience_seconds,
            on_step=on_step and (lambda step: on_step(f"schema {step.schema}: {step.title}")),
            on_wait=on_wait,
        )
    # Whoever opens a file, or a server without tables, brings it up to date.
    open_database(address).close()
    return plan


def upgrade_script(url: str) -> str:
    """The statements of an upgrade, for somebody who carries them out by hand. Empty: there is nothing to do.

    Raises:
        Error: As `plan_upgrade`.
    """
    with look_at(url) as subject:
        plan = _plan(subject)
    if plan.found is None:
        from maestrale.store.postgresql_opening import creation

        return "\n".join(["BEGIN;", *(f"{statement};" for statement in creation()), "COMMIT;"])
    if not plan.steps:
        return ""
    from maestrale.store.migrations.revisions import Revisions
    from maestrale.store.migrations.running import as_sql

    revisions = Revisions()
    steps = revisions.between(plan.found, plan.to)
    return as_sql(subject.kind, steps, revisions, found=plan.found).strip()

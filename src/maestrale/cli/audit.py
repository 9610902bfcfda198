"""`maestrale audit`: whether everything in a database can go on, and is as it must be."""

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from maestrale.actions import Registry
from maestrale.auditor import CODES, DatabaseAudit, Repaired, Repairs, Report
from maestrale.cli.database import database_url, open_to_look
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.terminal import say, write_output
from maestrale.cli.texts import printable, to_json
from maestrale.config import load_configuration
from maestrale.core import World
from maestrale.core.findings import Finding
from maestrale.engine.library import DocumentLibrary
from maestrale.errors import InvalidInput
from maestrale.store import Store, StoreReader, open_store


class Arguments(Struct, frozen=True, kw_only=True):
    """What the command line says.

    Args:
        execution: Only this one: its id, or the beginning of it.
        deep: Look at everything, what has ended too, and decide the histories again.
        repair: Put right what can be.
        keep: The file that gets the rows that others take the place of. None: one in this directory.
        config: The TOML file with the settings of the servers, whose limits a history was decided with.
    """

    database: str | None = None
    execution: str | None = None
    deep: bool = False
    repair: bool = False
    json: bool = False
    keep: str | None = None
    config: str | None = None


def audit(given: Arguments) -> ExitCode:
    """Audit a database, and tell.

    Raises:
        Error: There is no such execution, a setting is wrong, or the database cannot be used.
    """
    if not given.repair:
        with open_to_look(given.database) as reader:
            return _tell(given, _look(given, reader, _world(given, reader)), [])
    kept = KeptRows(given.keep)
    with open_store(database_url(given.database), create=False) as store:
        world = _world(given, store)
        report = _look(given, store, world)
        repaired = _repair(store, world, report.findings, kept)
    code = _tell(given, report, repaired)
    if kept.path is not None:
        say(f"the rows that were replaced are in {kept.path}; they may hold secrets")
    return code


def _world(given: Arguments, store: StoreReader) -> World:
    """What the servers decide in, as far as their settings are known here."""
    settings = load_configuration({}, os.environ, file=given.config).settings()
    registry = Registry.standard(settings=(settings.javascript, settings.providers))
    library = DocumentLibrary(lambda document: store.get_document(document).text)
    return World(library, registry, settings.limits)


def _look(given: Arguments, store: StoreReader, world: World) -> Report:
    database_audit = DatabaseAudit(store, world, deep=given.deep, rest=time.sleep)
    if given.execution is None:
        return database_audit.audit()
    found = store.find_execution(given.execution)
    return database_audit.audit_tree(given.execution if found is None else found.root_id)


def _repair(store: Store, world: World, findings: Sequence[Finding], kept: "KeptRows") -> list[Repaired]:
    return list(Repairs(store, world, keep=kept.keep).repair(findings))


class KeptRows:
    """The file with the rows that others have taken the place of; made when the first come. Only its owner
    may read it."""

    def __init__(self, path: str | None) -> None:
        self._wanted = path
        self.path: str | None = None

    def keep(self, root_id: str, rows: bytes) -> None:
        """Write the rows of a tree, and have them on the disk.

        Raises:
            InvalidInput: The file cannot be written, or is there already (`report-file`).
        """
        path = self._wanted or f"maestrale-audit-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
        flags = os.O_WRONLY | (os.O_APPEND if self.path else os.O_CREAT | os.O_EXCL)
        try:
            descriptor = os.open(self.path or path, flags, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode({"root_execution_id": root_id, "rows": msgspec.Raw(rows)}))
                file.write(b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InvalidInput(
                f"the rows to be replaced cannot be kept in `{path}`: {error.strerror}",
                code="report-file",
                hint="name another file with --keep",
            ) from error
        self.path = self.path or path


# Telling.


def _tell(given: Arguments, report: Report, repaired: Sequence[Repaired]) -> ExitCode:
    mended = {finding.key for each in repaired if each.is_done for finding in each.findings}
    left = [finding for finding in report.findings if finding.key not in mended]
    if given.json:
        write_output(to_json(_object(report, repaired), pretty=True))
    else:
        _tell_people(report, repaired)
        looked_at = "1 execution" if report.trees == 1 else f"{report.trees:,} executions"
        say(f"{looked_at} looked at: {_counted(len(report.findings), len(mended))}")
    return ExitCode.FAILED if left else ExitCode.SUCCESS


def _counted(found: int, mended: int) -> str:
    if not found:
        return "nothing is wrong"
    faults = "1 fault" if found == 1 else f"{found:,} faults"
    return f"{faults}, {mended:,} put right" if mended else faults


def _tell_people(report: Report, repaired: Sequence[Repaired]) -> None:
    outcomes = {finding.key: each for each in repaired for finding in each.findings}
    for finding in report.findings:
        place = f"execution {finding.root_id}: " if finding.root_id else ""
        thing = "" if finding.id == finding.root_id else f"{finding.kind} {finding.id}: "
        write_output(printable(f"{place}{thing}{finding.text} [{finding.code}]"))
        for name, value in finding.evidence.items():
            write_output(printable(f"    {name}: {to_json(value)}"))
        outcome = outcomes.get(finding.key)
        if outcome is not None:
            write_output(
                f"    {'repaired' if outcome.is_done else 'not repaired'}: {printable(outcome.text)}"
            )


def _object(report: Report, repaired: Sequence[Repaired]) -> dict[str, Any]:
    outcomes = {finding.key: each for each in repaired for finding in each.findings}
    return {
        "executions": report.trees,
        "findings": [_finding_object(finding, outcomes.get(finding.key)) for finding in report.findings],
    }


def _finding_object(finding: Finding, outcome: Repaired | None) -> dict[str, Any]:
    repair = CODES[finding.code].repair
    return {
        "code": finding.code,
        "execution": finding.root_id or None,
        "kind": finding.kind,
        "id": finding.id,
        "text": finding.text,
        "evidence": dict(finding.evidence),
        "repair": None if repair is None else repair.value,
        "repaired": None if outcome is None else outcome.is_done,
        "outcome": None if outcome is None else outcome.text,
    }

"""Many statements sent at once, and their answers collected together: one wait, however many there are.

The driver has a pipeline of its own. It is slower, and it sends a message behind the one that ends it, by
which the server believes that more will come: it would never end the transaction of a process that froze
just then.
"""

import select
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from maestrale.clock import monotonic
from maestrale.store.database import Statement
from maestrale.store.postgresql_connection import BoundedConnection
from maestrale.store.postgresql_dialect import numbered
from maestrale.store.postgresql_texts import escaped

_MOST_PREPARED = 400
_LOOK_MILLISECONDS = 100

_Set: TypeAlias = tuple[list[bytes | None], list[int] | None]
"""Encoded parameters, and which of them are bytes: None where all are text."""


class Pipeline:
    """Carries statements out on a connection, each of which is prepared once."""

    def __init__(self, connection: BoundedConnection) -> None:
        self._connection = connection
        self._prepared: dict[str, bytes] = {}
        self._names = 0

    def carry_out(self, statements: Sequence[Statement]) -> list[int]:
        """Carry out statements inside a transaction; how many rows each of them changed.

        Raises:
            psycopg.Error: One of them failed, and with it the transaction.
            UnicodeEncodeError: A text is not Unicode; nothing was sent.
        """
        encoded = [[_encode(escaped(each)) for each in parameters] for _, parameters in statements]
        known = dict(self._prepared)
        pgconn = self._connection.pgconn
        pgconn.enter_pipeline_mode()
        try:
            sent = [self._send(each.sql, sets) for each, sets in zip(statements, encoded, strict=True)]
            pgconn.pipeline_sync()
            results = list(self._collect())
            _check(results)
        except BaseException:
            self._prepared = known  # What was to be prepared may not have been.
            raise
        finally:
            if not self._connection.closed:
                pgconn.exit_pipeline_mode()
        answers = iter(results)
        return [sum(next(answers).command_tuples or 0 for _ in range(count)) for count in sent]

    def _send(self, sql: str, sets: Sequence[_Set]) -> int:
        """Put a statement into the pipeline for each set of parameters; how many answers there will be."""
        pgconn = self._connection.pgconn
        answers = len(sets)
        if sets and sql not in self._prepared and len(self._prepared) < _MOST_PREPARED:
            self._names += 1
            self._prepared[sql] = name = b"maestrale_%d" % self._names
            pgconn.send_prepare(name, numbered(sql).encode())
            answers += 1
        prepared = self._prepared.get(sql)
        for values, formats in sets:
            if prepared is None:
                pgconn.send_query_params(numbered(sql).encode(), values, None, formats)
            else:
                pgconn.send_query_prepared(prepared, values, formats)
        return answers

    def _collect(self) -> Iterator[PGresult]:
        """The answers to everything that was sent, in its order."""
        pgconn = self._connection.pgconn
        began_at = monotonic()
        poll = select.poll()
        poll.register(pgconn.socket, select.POLLIN)
        while True:
            waits_to_send = pgconn.flush()
            poll.modify(pgconn.socket, select.POLLIN | (select.POLLOUT if waits_to_send else 0))
            if not poll.poll(_LOOK_MILLISECONDS):
                self._connection.check_overdue(began_at)
            pgconn.consume_input()
            while not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:
                    continue  # The end of the answer to one statement.
                if result.status == ExecStatus.PIPELINE_SYNC:
                    return
                yield result


def _encode(parameters: Sequence[Any]) -> _Set:
    formats = [int(isinstance(value, bytes)) for value in parameters]
    return list(map(_encoded, parameters)), formats if any(formats) else None


def _encoded(value: Any) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    if value is None or isinstance(value, bytes):
        return value
    return b"%d" % value  # Truth values too, as 0 and 1.


def _check(results: Sequence[PGresult]) -> None:
    """Raise what went wrong first; those behind it were not carried out."""
    for result in results:
        if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            raise error_from_result(result)

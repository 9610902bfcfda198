"""Identifiers."""

import os
import uuid

from maestrale.ids import new_id


def test_ids_are_fresh_uuids_of_version_four() -> None:
    ids = [new_id() for _ in range(2_000)]

    assert len(set(ids)) == len(ids)
    assert {uuid.UUID(id).version for id in ids} == {4}
    assert all(str(uuid.UUID(id)) == id for id in ids)


def test_a_forked_process_draws_other_ids_than_its_parent() -> None:
    new_id()
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.write(writing, new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)

    with os.fdopen(reading) as pipe:
        theirs = pipe.read()

    assert theirs not in {new_id() for _ in range(300)}
    assert uuid.UUID(theirs).version == 4

"""Identifiers."""

import os
import uuid

from maestrale.ids import derive_id, new_id


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


def test_a_derived_id_is_the_same_for_ever_and_looks_like_a_random_one() -> None:
    id = derive_id("root", 7)

    assert id == derive_id("root", 7) == "a9256f5d-8e9e-4128-a531-88238b71121e"
    assert uuid.UUID(id).version == 4
    assert len({derive_id("root", number) for number in range(1_000)}) == 1_000

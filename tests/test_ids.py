"""Identifiers."""

import os
import uuid
from datetime import UTC, datetime, timedelta

from maestrale.ids import derive_id, new_id, new_root_id


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


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_id_of_an_execution_is_a_fresh_uuid_of_version_four() -> None:
    ids = [new_root_id(NOON) for _ in range(2_000)]

    assert len(set(ids)) == len(ids)
    assert {(uuid.UUID(id).version, uuid.UUID(id).variant) for id in ids} == {(4, uuid.RFC_4122)}
    assert all(str(uuid.UUID(id)) == id for id in ids)


def test_ids_of_executions_sort_by_their_time_together_with_those_derived_from_them() -> None:
    roots = [new_root_id(NOON + timedelta(milliseconds=number)) for number in range(50)]

    in_order = [[root, *(derive_id(root, number) for number in range(20))] for root in roots]

    everything = [id for group in in_order for id in group]
    assert sorted(everything) == [id for group in in_order for id in sorted(group)]
    assert len(set(everything)) == 50 * 21


def test_what_follows_from_an_id_of_somebody_else_does_not_begin_like_it() -> None:
    """Executions that were made before ids began with the time keep the ids they have."""
    random = "01930000-0000-4000-b000-000000000000"

    assert derive_id(random, 7) == "263b4b10-2d9c-4ae8-a706-b1844f359ab8"

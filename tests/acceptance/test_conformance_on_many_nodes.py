"""The recorded behaviour of a real Mistral, asked of nodes of ours: each request of another than the last.

Once each node does everything, and once each does a part of it.
"""

from collections.abc import Iterator

import pytest

from ..core.conformance import FOLDER
from ..postgresql import PostgresqlServer
from .many_nodes import QUICK, RoundRobin, nodes
from .test_conformance import SUBJECTS, check

ALIKE = ["api,engine,worker,scheduler"] * 3
APART = ["api", "api,scheduler", "engine", "engine,worker", "worker"]


@pytest.fixture(scope="module", params=[ALIKE, APART], ids=["alike", "apart"])
def base(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgresql: PostgresqlServer
) -> Iterator[str]:
    database = postgresql.make_database()
    with nodes(tmp_path_factory.mktemp("nodes"), database, request.param, **QUICK) as cluster:
        cluster.wait_shared(sum("engine" in roles for roles in request.param))
        answering = [url for url, roles in zip(cluster.urls, request.param, strict=True) if "api" in roles]
        with RoundRobin(answering) as url:
            yield f"{url}/v2"
    postgresql.drop_database(database)


@pytest.mark.skipif(not SUBJECTS, reason=f"no recorded cases in {FOLDER}")
@pytest.mark.parametrize("subject", SUBJECTS)
def test_nodes_asked_in_turn_do_what_a_real_mistral_was_seen_to_do(base: str, subject: str) -> None:
    check(base, subject)

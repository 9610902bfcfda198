"""`/v2/nodes`: who works on the database."""

from datetime import UTC, datetime

from maestrale.wire.nodes import Node, NodeList, NodeLoad
from tests.api.house import an_app, get

NOON = datetime(2026, 8, 1, 12, 0, 0, 250_000, tzinfo=UTC)

NODE = Node(
    id=3,
    name="n3",
    host="h",
    pid=7,
    url="http://n3",
    version="1.0",
    roles=["engine"],
    state="up",
    started_at=NOON,
    leased_until=None,
    beat_age_seconds=None,
    shards=[0, 5],
    shard_count=2,
    load=NodeLoad(trees=4),
    is_self=True,
)


async def nodes() -> NodeList:
    return NodeList(nodes=[NODE], shard_count=64, free_shards=[1])


def test_administrators_see_every_node_with_its_shards_and_its_load() -> None:
    assert get(an_app(nodes=nodes), "/v2/nodes").json() == {
        "nodes": [
            {
                "id": 3,
                "name": "n3",
                "host": "h",
                "pid": 7,
                "url": "http://n3",
                "version": "1.0",
                "roles": ["engine"],
                "state": "up",
                "started_at": "2026-08-01T12:00:00.250000Z",
                "leased_until": None,
                "beat_age_seconds": None,
                "shards": [0, 5],
                "shard_count": 2,
                "load": {
                    "trees": 4,
                    "steps": 0,
                    "runs": 0,
                    "timers": 0,
                    "watchers": 0,
                    "waiting": 0,
                    "rss": 0,
                    "overloaded": False,
                },
                "is_self": True,
            }
        ],
        "shard_count": 64,
        "free_shards": [1],
        "missing_roles": [],
    }


def test_others_do_not_see_the_machines_of_the_service() -> None:
    answer = get(an_app(nodes=nodes), "/v2/nodes", X_Project_Id="somebody")

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (403, "admin-only")

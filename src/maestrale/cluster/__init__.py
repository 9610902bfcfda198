"""A server as one node of many: its lease, the shards it has, and what other nodes ask of it.

This layer promises: a shard has one living node with the role `engine`, seconds after another one has come,
stopped or died; what a node decides without having the shard is not committed; a message to a tree of another
node is decided once. There is no leader: each node looks at the same rows and does its part.
"""

from maestrale.cluster.settings import ROLES, ClusterSettings

__all__ = ["ROLES", "ClusterSettings"]

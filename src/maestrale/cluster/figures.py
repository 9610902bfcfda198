"""What is counted of a cluster, by whoever counts."""

from typing import Protocol

from maestrale.store.membership import View


class Figures(Protocol):
    """Told of what happens between nodes, on any thread."""

    def on_beat(self, view: View, *, node_id: int, seconds: float) -> None: ...

    def on_beat_failed(self) -> None: ...

    def on_buried(self, count: int) -> None: ...

    def on_takeover(self, shards: int, seconds: float) -> None: ...

    def on_given(self, shards: int) -> None: ...

    def on_lost(self, shards: int) -> None: ...

    def on_forwarded(self, outcome: str, seconds: float) -> None: ...


class NoFigures:
    """Nobody counts."""

    def on_beat(self, view: View, *, node_id: int, seconds: float) -> None:
        pass

    def on_beat_failed(self) -> None:
        pass

    def on_buried(self, count: int) -> None:
        pass

    def on_takeover(self, shards: int, seconds: float) -> None:
        pass

    def on_given(self, shards: int) -> None:
        pass

    def on_lost(self, shards: int) -> None:
        pass

    def on_forwarded(self, outcome: str, seconds: float) -> None:
        pass

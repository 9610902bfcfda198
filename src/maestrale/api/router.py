"""Finds the endpoint of a request: a tree over the segments of paths, made once from the table.

A literal segment goes before a `{parameter}` at the same place.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from maestrale.api.bodies import body_reader
from maestrale.api.endpoint import Endpoint
from maestrale.api.errors import Refusal
from maestrale.api.query import QueryReader
from maestrale.errors import InvalidInput
from maestrale.wire.formats import check_uuid_like

API_IS_BELOW = "the API is below `/v2/`"


class PathPart(NamedTuple):
    """A `{name}` or `{name:uuid}` of a path."""

    name: str
    is_uuid: bool


class MissingArgument(InvalidInput):
    """The address names a collection where the operation is on one thing of it."""

    code = "missing-argument"


class Route:
    """An endpoint, with what is made from it once."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.segments = tuple((each, _path_part(each)) for each in split_path(endpoint.path))
        self.parts = tuple(part for _, part in self.segments if part is not None)
        self.template = "/" + "/".join(
            segment if part is None else f"{{{part.name}}}" for segment, part in self.segments
        )
        self.query = QueryReader(endpoint)
        self.body = body_reader(endpoint)

    def path_values(self, values: Sequence[str]) -> dict[str, str]:
        """The values of the path by name. Raises: InvalidInput: one has to be a UUID, and is none."""
        named = {}
        for part, value in zip(self.parts, values, strict=True):
            named[part.name] = check_uuid_like(value, part.name) if part.is_uuid else value
        return named


class _Node:
    __slots__ = ("child", "literals", "routes")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.child: _Node | None = None
        self.routes: dict[str, Route] = {}

    def grow(self, segment: str) -> "_Node":
        if not is_variable(segment):
            return self.literals.setdefault(segment, _Node())
        if self.child is None:
            self.child = _Node()
        return self.child


class Found(NamedTuple):
    """A path of the API, and the values of its variable segments."""

    node: _Node
    values: list[str]

    @property
    def methods(self) -> list[str]:
        return sorted(self.node.routes)

    def route(self, method: str) -> Route:
        """The route of a method.

        Raises:
            Refusal: The path has none for it.
            MissingArgument: What lies below the path has one.
        """
        route = self.node.routes.get(method)
        if route is not None:
            return route
        below = self.node.child.routes.get(method) if self.node.child is not None else None
        if below is not None:
            part = below.parts[-1].name
            raise MissingArgument(
                f"Missing argument: {method} wants the `{part}` at the end of the path",
                hint=f"{method} {below.template}",
            )
        allowed = ", ".join(self.methods)
        text = f"{method} is not possible here; what is: {allowed}"
        raise Refusal(405, text, code="method-not-allowed", headers=(("Allow", allowed),))


class Router:
    """All endpoints by path and method.

    Args:
        what_there_is: Ends the sentence that tells of a path that there is not.
    """

    def __init__(self, endpoints: Iterable[Endpoint], *, what_there_is: str = API_IS_BELOW) -> None:
        self._root = _Node()
        self._what_there_is = what_there_is
        for endpoint in endpoints:
            node = self._root
            for segment in split_path(endpoint.path):
                node = node.grow(segment)
            assert endpoint.method not in node.routes, f"{endpoint.method} {endpoint.path} is there twice"
            node.routes[endpoint.method] = Route(endpoint)

    def find(self, segments: Sequence[str]) -> Found:
        """Raises: Refusal: there is no such path."""
        node, values = self._root, []
        for segment in segments:
            next_node = node.literals.get(segment)
            if next_node is None:
                next_node = node.child if segment else None
                values.append(segment)
            if next_node is None:
                raise unknown_path(segments, self._what_there_is)
            node = next_node
        if not node.routes:
            raise unknown_path(segments, self._what_there_is)
        return Found(node, values)


def unknown_path(segments: Sequence[str], what_there_is: str) -> Refusal:
    path = "/".join(segments)
    return Refusal(404, f"There is nothing at the path `/{path}`; {what_there_is}", code="unknown-path")


def split_path(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def is_variable(segment: str) -> bool:
    return segment.startswith("{")


def _path_part(segment: str) -> PathPart | None:
    if not is_variable(segment):
        return None
    name, _, kind = segment.strip("{}").partition(":")
    assert kind in ("", "uuid"), f"a path has no variable of the kind `{kind}`"
    return PathPart(name, kind == "uuid")

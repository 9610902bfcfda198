"""An entry of the API's table. Routing, the checks of a request and `/openapi.json` are made from it."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from maestrale.api.call import Call

Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]

Kind: TypeAlias = Literal["text", "bool", "int", "uuid", "list", "unique-list", "presence"]
"""How the text of a query parameter becomes a value.

text: as it is; of several, the last counts.
bool: empty, `false` and `0` are False, any other text is True.
int: decimal digits, once.
uuid: something that looks like a UUID.
list: separated by commas, each trimmed and in lower case, empty ones dropped. A tuple.
unique-list: the same without repetitions.
presence: True if it is there, whatever its value.
"""

Handler: TypeAlias = Callable[[Call], Awaitable[Any]]


class Parameter(Struct, frozen=True):
    """A query parameter. `default` is what a handler finds in `call.query` where the request has none."""

    name: str
    kind: Kind = "text"
    description: str = ""
    default: Any = None


class Endpoint(Struct, frozen=True, kw_only=True):
    """One operation of the API.

    Args:
        path: Such as `/v2/workflows/{id:uuid}/members/{member}`. What `{…}` stands for is one whole
            segment, percent-decoded; `:uuid` refuses what does not look like one. A trailing slash of the
            request is ignored.
        handler: Gets the call, all checks done, and gives the body of the answer (a struct or plain data),
            None for 204, or an `Answer` or Starlette response where there is more to say.
        family: Which of the API's two families of bodies. `json`: an object, attribute by attribute.
            `text`: the body is a text, unknown query parameters are ignored, errors have the short form.
        body: The struct of the body, `str` for a raw text. An attribute that is null in the request is
            left out before the struct is made. A boolean may be a word such as `yes`, an integer a
            string of digits.
        ignored: Structs whose other attributes may be in the body too, and mean nothing here.
        read_only: Attributes that are refused although the resource has them.
        result: The type of the answer's body, for the documentation.
        statuses: The statuses of errors that the operation itself has, for the documentation.
        takes_seconds: False for an operation that may take long on purpose (a stream, a long poll): it has
            no time limit, and is cancelled when its client goes away.
        begins_work: It makes work for this node: refused while there is too much of that.
    """

    method: Method
    path: str
    summary: str
    tag: str
    handler: Handler
    description: str = ""
    family: Literal["json", "text"] = "json"
    query: tuple[Parameter, ...] = ()
    body: type[Struct] | type[str] | None = None
    ignored: tuple[type[Struct], ...] = ()
    read_only: tuple[str, ...] = ()
    result: Any = None
    status: int = 200
    content_type: str | None = None
    statuses: tuple[int, ...] = ()
    needs_identity: bool = True
    admin_only: bool = False
    takes_seconds: bool = True
    begins_work: bool = False

    @property
    def answer_type(self) -> str:
        """The content type of a body that the handler left to be encoded."""
        if self.content_type is not None:
            return self.content_type
        return "application/json;charset=utf-8" if self.family == "text" else "application/json"

    @property
    def ignores_unknown_parameters(self) -> bool:
        return self.family == "text" and self.method in ("POST", "PUT")


@cache
def page_type(collection: str, item: Any) -> type[Struct]:
    """The type of a page of a collection, for `Endpoint.result`: `{"<collection>": [item…], "next": url}`."""
    fields: Sequence[tuple[str, Any, Any]] = [
        (collection, list[item], msgspec.field()),
        ("next", str | UnsetType, UNSET),
    ]
    return msgspec.defstruct(f"{item.__name__}Page", fields, kw_only=True)

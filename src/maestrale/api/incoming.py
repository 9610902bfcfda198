"""A request as it comes in: its headers, the segments of its path, our address for its client, its body."""

from urllib.parse import unquote_to_bytes

from starlette.types import Receive, Scope

from maestrale.api.errors import ClientGone, Refusal
from maestrale.errors import InvalidInput

XML_TYPES = frozenset({"text/xml", "application/xml"})


class Headers:
    """The headers of a request by name, in lower case. Of several with one name, the last is given."""

    __slots__ = ("_raw", "_values")

    def __init__(self, scope: Scope) -> None:
        self._raw: list[tuple[bytes, bytes]] = scope["headers"]
        self._values = dict(self._raw)

    def get(self, name: bytes) -> str:
        """The trimmed value; empty if there is no such header."""
        value = self._values.get(name)
        return "" if value is None else value.decode("latin-1").strip()

    def has(self, name: bytes) -> bool:
        return name in self._values

    def is_repeated(self, name: bytes) -> bool:
        """Whether several headers have that name."""
        return len(self._values) != len(self._raw) and sum(each == name for each, _ in self._raw) > 1


def media_type(headers: Headers) -> str:
    """The content type without its parameters, in lower case; empty if there is none."""
    return headers.get(b"content-type").partition(";")[0].strip().lower()


def refuse_xml(headers: Headers) -> None:
    """Raises: Refusal: the request has an XML body."""
    kind = media_type(headers)
    if kind in XML_TYPES or kind.endswith("+xml"):
        text = (
            f"XML is not understood (the content type is `{kind}`); send JSON, or YAML text for definitions"
        )
        raise Refusal(415, text, code="xml", in_header=True)


def decode_utf8(data: bytes, what: str) -> str:
    """Raises: Refusal: the bytes are not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        text = f"{what} is not valid UTF-8: the byte at offset {error.start} is out of place"
        raise Refusal(400, text, code="not-utf-8") from error


def path_segments(scope: Scope, prefix: str) -> list[str]:
    """The segments of the path below the mount prefix, percent-decoded one by one.

    A trailing slash is ignored.

    Raises:
        Refusal: The path is not UTF-8.
    """
    raw = scope.get("raw_path") or scope["path"].encode()
    path: bytes = raw.partition(b"?")[0]
    for mount in (scope.get("root_path", ""), prefix):
        start = mount.encode()
        if start and path.startswith(start) and path[len(start) : len(start) + 1] in (b"/", b""):
            path = path[len(start) :]
    parts = path.split(b"/")[1:]
    if parts and not parts[-1]:
        parts.pop()
    return [decode_utf8(unquote_to_bytes(part) if b"%" in part else part, "The path") for part in parts]


def application_url(scope: Scope, headers: Headers, *, prefix: str, trusts_forwarded: bool) -> str:
    """Scheme, host and mount prefix as the client sees them, no slash at the end."""
    host = headers.get(b"host")
    if not host:
        name, port = scope.get("server") or ("localhost", None)
        host = f"{name}:{port}" if port else name
    scheme: str = scope.get("scheme", "http")
    mount: str = scope.get("root_path", "") + prefix
    if trusts_forwarded:
        scheme = _first(headers, b"x-forwarded-proto") or scheme
        host = _first(headers, b"x-forwarded-host") or host
        mount = _first(headers, b"x-forwarded-prefix").rstrip("/") or mount
    return f"{scheme}://{host}{mount}"


def _first(headers: Headers, name: bytes) -> str:
    """What the proxy nearest to the client said, where several have added to a header."""
    return headers.get(name).partition(",")[0].strip()


async def read_body(headers: Headers, receive: Receive, *, most: int) -> bytes:
    """The whole body.

    Raises:
        InvalidInput: It is longer than `most` bytes.
        ClientGone: It will never be complete.
    """
    length = headers.get(b"content-length")
    if length.isdigit() and int(length[:19]) > most:
        raise _too_long(most)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        data: bytes = message.get("body", b"")  # Nearly always it comes in one piece.
        if len(data) > most:
            raise _too_long(most)
        return data
    parts, size = [], 0
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise _too_long(most)
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
    raise ClientGone


def _too_long(most: int) -> InvalidInput:
    return InvalidInput(
        f"the body of the request is longer than {most} bytes, which is the most that this server takes",
        code="body-too-long",
        hint="send less, or ask the operator to raise the limit",
    )


def tidy_prefix(prefix: str) -> str:
    """A mount prefix with a slash before it and none after it; empty for none."""
    inner = prefix.strip("/")
    return f"/{inner}" if inner else ""

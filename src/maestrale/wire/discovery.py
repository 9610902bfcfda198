"""The shapes of `/` and `/v2/`."""

from msgspec import Struct


class Link(Struct, frozen=True, kw_only=True):
    """Where a version of the API is."""

    href: str
    target: str
    rel: str


class Version(Struct, frozen=True, kw_only=True):
    """A version of the API."""

    id: str
    status: str
    links: list[Link]


class Versions(Struct, frozen=True, kw_only=True):
    """All versions of the API."""

    versions: list[Version]


class Root(Struct, frozen=True, kw_only=True):
    """The root of version 2."""

    uri: str


class Health(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That the process lives, or is ready.

    Args:
        missing_roles: What no node of the cluster does at the moment: what needs it waits, or is refused.
    """

    status: str
    missing_roles: tuple[str, ...] = ()

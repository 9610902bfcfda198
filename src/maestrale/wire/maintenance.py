"""The shape of `/maintenance`."""

from msgspec import UNSET, Struct, UnsetType


class MaintenanceStatus(Struct, frozen=True, kw_only=True):
    """`RUNNING`; `PAUSED`; `PAUSING` until nothing runs any more."""

    status: str


class MaintenanceUpdate(Struct, frozen=True, kw_only=True):
    """`PAUSED` or `RUNNING`."""

    status: str | UnsetType = UNSET

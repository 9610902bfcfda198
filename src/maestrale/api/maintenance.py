"""Pausing the whole service: `/maintenance`. What is refused meanwhile is in `maintenance_gate`."""

from maestrale.api.call import Call
from maestrale.api.endpoint import Endpoint
from maestrale.errors import InvalidInput
from maestrale.wire.maintenance import MaintenanceStatus, MaintenanceUpdate

WORDS = ("PAUSED", "RUNNING")


async def get_maintenance(call: Call) -> MaintenanceStatus:
    return MaintenanceStatus(status=await call.backend.maintenance.look())


async def update_maintenance(call: Call) -> MaintenanceStatus:
    update: MaintenanceUpdate = call.body
    maintenance = call.backend.maintenance
    match update.status:
        case "PAUSED":
            return MaintenanceStatus(status=await maintenance.pause())
        case "RUNNING":
            return MaintenanceStatus(status=await maintenance.resume())
    raise InvalidInput(
        f"the status of the service cannot be set to `{update.status or ''}`",
        code="maintenance-status",
        hint=f"send `status`: {' or '.join(WORDS)}; the service is `PAUSING` until nothing runs any more",
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/maintenance",
        summary="Read whether the service works",
        tag="maintenance",
        handler=get_maintenance,
        result=MaintenanceStatus,
    ),
    Endpoint(
        method="PUT",
        path="/maintenance",
        summary="Pause the service with everything that runs, or let it work again",
        tag="maintenance",
        handler=update_maintenance,
        body=MaintenanceUpdate,
        result=MaintenanceStatus,
        statuses=(400, 403),
        admin_only=True,
    ),
)

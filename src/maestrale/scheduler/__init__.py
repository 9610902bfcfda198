"""What happens because time has passed: cron triggers fire, and what has ended long ago is deleted.

This layer promises: a cron trigger starts its workflow once for each time that it is due, also if the
process is killed in the middle; times that have passed meanwhile are made up for once, not one by one.
Only what has ended expires. While the service is paused, neither happens.
"""

from maestrale.scheduler.cron import CronTriggers
from maestrale.scheduler.expiration import Expiration
from maestrale.scheduler.settings import CronSettings, ExpirationSettings

__all__ = ["CronSettings", "CronTriggers", "Expiration", "ExpirationSettings"]

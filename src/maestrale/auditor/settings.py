"""What an operator may say about the audit that goes on in a server."""

from msgspec import Struct


class AuditSettings(Struct, frozen=True, kw_only=True):
    """How often a server looks over what it runs.

    Args:
        interval_minutes: Between the ends of two rounds and their next begin. 0: there are none.
        trees_a_second: How many executions are looked at in a second, so that a round holds nobody up.
        repairs: Whether what can be put right without a risk is, once it has been found twice.
    """

    interval_minutes: int = 10
    trees_a_second: int = 50
    repairs: bool = True

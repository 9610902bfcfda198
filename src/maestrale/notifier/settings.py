"""What an operator sets for notices."""

from msgspec import Struct

from maestrale.core import Publisher


class NotifierSettings(Struct, frozen=True, kw_only=True):
    """How notices are sent.

    Args:
        publishers: Told of every execution, besides those that it names itself.
        secrets: The secrets that notices are signed with, a signature for each; empty: they are not signed.
        give_up_seconds: How old a notice may be that is still tried again.
        slots: How many notices are sent to one host at once.
    """

    publishers: tuple[Publisher, ...] = ()
    secrets: tuple[str, ...] = ()
    give_up_seconds: float = 86_400.0
    slots: int = 8

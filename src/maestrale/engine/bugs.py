"""What must not happen, and must not end what others need when it does."""

import asyncio


def report(bug: BaseException, message: str) -> None:
    """Hand it to whoever looks after the event loop."""
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": bug})

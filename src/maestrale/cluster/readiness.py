"""Whether requests should be sent to a node, for `/readyz`."""


def why_not_ready(
    *, has_joined: bool, has_lease: bool, silent_seconds: float, is_stopping: bool
) -> str | None:
    """Why nobody should be sent to this node; None: it is as good as any other.

    A node without a lease can decide nothing. Whether it *lives* is another question, which the process
    answers by answering: a database that is away must not get all nodes restarted.

    Args:
        has_joined: Whether it has had a lease before.
        has_lease: Whether it has one now, by its own clock.
        silent_seconds: Since the database answered a beat.
    """
    if is_stopping:
        return "it is being stopped"
    if has_lease:
        return None
    if not has_joined:
        return "it has not joined its cluster yet"
    return f"its lease has ended: the database has not answered it for {silent_seconds:.1f} seconds"

"""What the tests of ownership let another process do, until they kill it."""

import sys
from itertools import count

from msgspec.structs import replace

from maestrale.ids import new_id
from maestrale.store import Store, open_store

from .rows import a_new_tree, a_task, an_execution, the_next


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def own(store: Store, root_id: str) -> None:
    store.commit([a_new_tree(root_id)])
    say(f"owns {root_id}")
    sys.stdin.read()


def claim(store: Store) -> None:
    say(" ".join(["claimed", *store.claim()]))
    sys.stdin.read()


def commit_for_ever(store: Store) -> None:
    """Add a task with each commit, and say so after it."""
    root = an_execution(live=1)
    commit = a_new_tree("root", root, a_task(number=1, attempt=1))
    for number in count(1):
        store.commit([commit])
        say(str(number))
        following = number + 1
        root = replace(root, live=following)
        commit = the_next(commit, root, a_task(number=following, attempt=following))


if __name__ == "__main__":
    url, task = sys.argv[1:]
    with open_store(url) as opened:
        match task:
            case "own":
                own(opened, "root")
            case "own some":
                own(opened, new_id())
            case "claim":
                claim(opened)
            case "commit for ever":
                commit_for_ever(opened)

"""Expressions on a task of an execution in the database."""

from collections.abc import Sequence

from maestrale.actions import Registry
from maestrale.cli.finding import find_root
from maestrale.cli.progress import Progress
from maestrale.cli.tasks import find_task
from maestrale.cli.texts import printable
from maestrale.clock import SystemClock
from maestrale.core.standpoint import Standpoint
from maestrale.engine.facts import StoredFacts
from maestrale.engine.stopwatch import Stopwatch
from maestrale.engine.tryout import Outcome, Tryout, reading_world
from maestrale.store import StoreReader


class TaskPlace:
    """A place at a task, as the database has it now; whoever runs the execution notices nothing.

    Args:
        execution: The id of a root, or its beginning.
        task: A name, a path, an id or its beginning.

    Raises:
        NotFound, InvalidInput: There is no such execution or task, or several are meant.
        Unavailable: The database does not answer.
    """

    def __init__(
        self, store: StoreReader, execution: str, task: str, *, before: bool, item: int | None
    ) -> None:
        root = find_root(store, execution)
        rows = store.load_tree(root.id)
        assert rows is not None
        progress = Progress(root.id)
        progress.load(rows)
        found = find_task(progress, task)
        world = reading_world(store, Registry.standard())
        self._facts = StoredFacts(store, world)
        self._tryout = Tryout(
            world,
            progress.state,
            Standpoint(task_id=found.id, before=before, item=item),
            now=SystemClock().now(),
            guard=Stopwatch().guard,
        )
        seen = "before it published" if before else "with what it has published"
        self.title = f"task `{printable(progress.path(found))}` ({found.state}) of {root.id}, {seen}"

    def evaluate(self, texts: Sequence[str]) -> Sequence[Outcome]:
        return [self._tryout.evaluate_with(text, self._facts.answer) for text in texts]

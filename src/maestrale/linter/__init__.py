"""What a valid definition may still have wrong with it, found before it runs.

`lint` never changes what is valid: its findings are warnings. It is pure, takes no longer than a budget of
decisions allows, and reports only what holds for certain: a task that never runs was looked for in every run
that the rules of the core allow. `FINDINGS` lists the codes.
"""

from maestrale.linter.codes import FINDINGS
from maestrale.linter.known import Interface, Known, Names, names_outside
from maestrale.linter.linting import lint

__all__ = ["FINDINGS", "Interface", "Known", "Names", "lint", "names_outside"]

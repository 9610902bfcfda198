"""YAQL, compiled to Python functions.

`language` has what others use: `evaluate` and `place_of`. An expression goes
through `lexer` and `parser` to a `tree`, from which `compiler` writes Python source; `overloads` tells
which function of `library` a call means. Results and failures are those of Mistral's YAQL, values are
those of `values`. Nothing here reads a clock, draws chance or does I/O, but through the scope.
"""

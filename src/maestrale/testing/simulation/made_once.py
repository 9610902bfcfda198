"""What is the same in all simulations of a process, and takes longer to make than a simulation takes."""

from functools import cache, lru_cache

from maestrale.actions import Registry
from maestrale.lang import Definitions, Parsed, parse, parse_or_raise


@cache
def standard_actions() -> Registry:
    """The standard actions, without plugins: what is installed does not change the course of events."""
    return Registry()


@lru_cache(maxsize=8)
def definitions_of(text: str) -> Definitions:
    """What a document defines."""
    return parse_or_raise(text)


@lru_cache(maxsize=8)
def parsed(text: str) -> Parsed:
    """In the place of `parse`."""
    return parse(text)

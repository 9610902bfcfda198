"""The input of a task against the parameters of an action."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from maestrale.expressions.scope import Json


class WrongInput(Exception):
    """The input does not fit the parameters. The message never shows a value: it may be a secret."""


def check_names(
    action: str, given: Mapping[str, Json], *, known: Mapping[str, bool], accepts_any: bool
) -> None:
    """See that every required parameter is there and nothing is there that the action does not know.

    Args:
        known: The declared parameters, and whether each is required.

    Raises:
        WrongInput: In the words of the reference, which people search for.
    """
    missing = [name for name, required in known.items() if required and name not in given]
    unexpected = [] if accepts_any else [name for name in given if name not in known]
    if missing or unexpected:
        raise WrongInput(f"Invalid input [name={action}, missing={missing}, unexpected={unexpected}]")


def convert(action: str, parameter: str, value: Json, annotation: Any) -> Any:
    """`value` as its annotation wants it: `5` for a float is 5.0, a mapping may become a struct.

    Text is never read as a number. None is accepted where the annotation allows it.

    Raises:
        WrongInput: With the action, the parameter, what was expected and what came.
    """
    if annotation is Any:
        return value
    try:
        return msgspec.convert(value, annotation, strict=True)
    except msgspec.ValidationError as error:
        reason = _without_values(str(error)).replace("`$", f"`{parameter}")
    except TypeError:
        raise WrongInput(
            f"Action `{action}`, parameter `{parameter}`: its annotation cannot be checked"
        ) from None
    raise WrongInput(f"Wrong input of action `{action}`, parameter `{parameter}`: {reason}")


def _without_values(reason: str) -> str:
    """msgspec quotes the value of a wrong enumeration member or key, which may be a secret."""
    allowed = "not one of the allowed values"
    reason = re.sub(r"^Invalid (enum )?value .*?(?= - at `|$)", allowed, reason, flags=re.S)
    return reason[:1].lower() + reason[1:]

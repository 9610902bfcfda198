import enum
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
import pytest

from maestrale.actions import (
    DISPATCH,
    ActionContext,
    ActionFailed,
    DeclarationError,
    Registry,
    Result,
    Settings,
    action,
)
from maestrale.actions.declare import Action, declarations_of
from maestrale.actions.inputs import WrongInput
from maestrale.core.catalogue import ActionSpec
from maestrale.lang.model import Parameter


class Limits(Settings, frozen=True, kw_only=True):
    most: int = 3


@action("acme.deploy")
async def deploy(
    image: str, replicas: int = 1, labels: dict[str, str] | None = None, *, context: ActionContext
) -> str:
    """Deploy an image.

    And more that is no part of the description.
    """
    return f"{image} x{replicas} for {context.task_name}"


def declared(function: Callable[..., Any]) -> Action:
    [only] = declarations_of(function)
    return only


def arguments(function: Callable[..., Any], input: dict[str, Any]) -> dict[str, Any]:
    return declared(function).arguments(input, ActionContext(task_name="t"), {})


def complaint(function: Callable[..., Any], input: dict[str, Any]) -> str:
    with pytest.raises(WrongInput) as caught:
        arguments(function, input)
    return str(caught.value)


def test_the_signature_and_the_docstring_tell_the_engine_all_it_must_know() -> None:
    assert declared(deploy).spec == ActionSpec(
        name="acme.deploy",
        parameters=(
            Parameter("image", required=True),
            Parameter("replicas", required=False, default=1),
            Parameter("labels", required=False, default=None),
        ),
        description="Deploy an image.",
    )


def test_a_decorated_function_is_still_the_function() -> None:
    @action("acme.double", pure=True)
    def double(number: int) -> int:
        return 2 * number

    assert double(4) == 8


def test_the_context_is_filled_by_the_runner() -> None:
    assert arguments(deploy, {"image": "nginx"}) == {
        "image": "nginx",
        "context": ActionContext(task_name="t"),
    }


def test_the_context_cannot_be_given_as_an_input() -> None:
    assert complaint(deploy, {"image": "nginx", "context": {}}) == (
        "Invalid input [name=acme.deploy, missing=[], unexpected=['context']]"
    )


def test_missing_and_unexpected_parameters_are_named_together() -> None:
    assert complaint(deploy, {"imag": "nginx", "count": 2}) == (
        "Invalid input [name=acme.deploy, missing=['image'], unexpected=['imag', 'count']]"
    )


@pytest.mark.parametrize(
    ("input", "reason"),
    [
        ({"image": 5}, "parameter `image`: expected `str`, got `int`"),
        ({"image": "x", "replicas": "2"}, "parameter `replicas`: expected `int`, got `str`"),
        ({"image": "x", "replicas": True}, "parameter `replicas`: expected `int`, got `bool`"),
        ({"image": "x", "replicas": None}, "parameter `replicas`: expected `int`, got `null`"),
        (
            {"image": "x", "labels": {"a": 1}},
            "parameter `labels`: expected `str`, got `int` - at `labels[...]`",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_what_was_expected_and_what_came(
    input: dict[str, Any], reason: str
) -> None:
    assert complaint(deploy, input) == f"Wrong input of action `acme.deploy`, {reason}"


def test_no_error_shows_a_value() -> None:
    class Colour(enum.Enum):
        RED = "red"

    @action("acme.paint")
    def paint(
        colour: Colour, tone: Literal["dark", "light"] = "dark", all: list[Colour] | None = None
    ) -> None:
        pass

    expected = "not one of the allowed values"
    assert [
        complaint(paint, {"colour": "s3cret"}),
        complaint(paint, {"colour": "red", "tone": "s3cret\nand more"}),
        complaint(paint, {"colour": "red", "all": ["red", "s3cret"]}),
    ] == [
        f"Wrong input of action `acme.paint`, parameter `colour`: {expected}",
        f"Wrong input of action `acme.paint`, parameter `tone`: {expected}",
        f"Wrong input of action `acme.paint`, parameter `all`: {expected} - at `all[1]`",
    ]


def test_an_annotation_turns_the_value_into_what_it_says() -> None:
    class Point(msgspec.Struct):
        x: float
        y: float

    @action("acme.move")
    def move(to: Point, factor: float = 1, steps: Annotated[int, msgspec.Meta(ge=1)] = 1) -> None:
        pass

    assert arguments(move, {"to": {"x": 1, "y": 2}, "factor": 3}) == {"to": Point(1.0, 2.0), "factor": 3.0}
    assert complaint(move, {"to": {"x": 1, "y": 2}, "steps": 0}) == (
        "Wrong input of action `acme.move`, parameter `steps`: expected `int` >= 1"
    )


def test_null_is_as_good_as_nothing_where_the_default_is_null() -> None:
    @action("acme.greet")
    def greet(name: str = None) -> None:  # type: ignore[assignment]  # noqa: RUF013
        pass

    assert arguments(greet, {"name": None}) == {"name": None}


def test_with_keyword_arguments_an_action_accepts_any_input() -> None:
    @action("acme.any")
    def anything(first: int, **others: Any) -> None:
        pass

    assert declared(anything).spec.accepts_any
    assert arguments(anything, {"first": 1, "x": [2]}) == {"first": 1, "x": [2]}


def test_settings_are_the_registrys_or_their_defaults() -> None:
    @action("acme.limited")
    def limited(*, limits: Limits) -> None:
        pass

    context = ActionContext()
    assert declared(limited).arguments({}, context, {}) == {"limits": Limits()}
    assert declared(limited).arguments({}, context, {Limits: Limits(most=9)}) == {"limits": Limits(most=9)}


def test_one_function_may_have_several_names() -> None:
    @action("acme.one")
    @action("acme.two", safe_rerun=True)
    def both() -> None:
        pass

    assert [(each.name, each.spec.safe_rerun) for each in declarations_of(both)] == [
        ("acme.one", False),
        ("acme.two", True),
    ]


def test_a_pure_action_gives_its_result_or_its_error_at_once() -> None:
    @action("acme.half", pure=True)
    def half(number: int) -> float:
        if number == 13:
            raise ActionFailed({"unlucky": number})
        return 10 / number

    run = declared(half).spec.pure
    assert run is not None
    assert [run({"number": 4}), run({"number": 13}), run({"number": 0}), run({"number": "4"}), run({})] == [
        Result(value=2.5),
        Result(error={"unlucky": 13}),
        Result(error="The action raised an exception [action=acme.half, msg='division by zero']"),
        Result(error="Wrong input of action `acme.half`, parameter `number`: expected `int`, got `str`"),
        Result(error="Invalid input [name=acme.half, missing=['number'], unexpected=[]]"),
    ]


def test_a_pure_action_that_gives_no_json_fails() -> None:
    @action("acme.raw", pure=True)
    def raw() -> object:
        return {"a": [b"x"]}

    run = declared(raw).spec.pure
    assert run is not None
    assert run({}) == Result(
        error="The result of `acme.raw` cannot be stored as JSON: "
        "`result.a[0]` is bytes, which JSON does not have"
    )


def test_a_stand_in_for_a_pure_action_may_ask_for_the_action_itself() -> None:
    @action("acme.wait", pure=lambda seconds: DISPATCH if seconds else "at once")
    async def wait(seconds: int) -> None:
        pass

    run = declared(wait).spec.pure
    assert run is not None
    assert (run({"seconds": 0}), run({"seconds": 1})) == (Result(value="at once"), None)


@pytest.mark.parametrize(
    "name", ["", "acme deploy", "acme.", ".deploy", "acme..deploy", "1acme", "a(b)", "a=b"]
)
def test_a_name_that_no_workflow_could_write_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError):
        action(name)


def _positional_only(a: int, /) -> None: ...
def _star(*args: int) -> None: ...
def _context_first(context: ActionContext) -> None: ...
def _default_is_no_json(a: object = frozenset()) -> None: ...
def _unknown_annotation(a: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_positional_only, "`a`, which no input can fill"),
        (_star, "`args`, which no input can fill"),
        (_context_first, "must be keyword-only"),
        (_default_is_no_json, "the default of `a` is frozenset"),
        (_unknown_annotation, "name 'Nowhere' is not defined"),
    ],
)
def test_a_signature_that_no_input_can_fill_is_refused_when_it_is_registered(
    function: Callable[..., Any], words: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        Registry([action("acme.wrong")(function)])

    assert "acme.wrong" in caught.value.message
    assert words in caught.value.message


def test_a_pure_action_may_neither_wait_nor_read_its_context() -> None:
    async def waits() -> None: ...
    def reads(*, context: ActionContext) -> None: ...

    with pytest.raises(DeclarationError, match="has to wait"):
        action("acme.waits", pure=True)(waits)
    with pytest.raises(DeclarationError, match="reads its context"):
        Registry([action("acme.reads", pure=True)(reads)])


def test_the_idempotency_key_names_an_attempt_and_the_run_before_its_last_slash() -> None:
    def key(run: str, attempt: int) -> str:
        context = ActionContext(
            workflow_execution_id="e", task_execution_id="t", action_execution_id=run, attempt=attempt
        )
        return context.idempotency_key

    assert [key("r1", 1), key("r1", 2), key("r2", 1)] == ["e/t/r1/1", "e/t/r1/2", "e/t/r2/1"]
    assert ActionContext(action_execution_id="r", attempt=2).idempotency_key == "r/2"


def test_an_action_says_which_of_its_parameters_and_whether_its_result_is_secret() -> None:
    @action("acme.token", secret=["password"], secret_result=True)
    def token(user: str, password: str) -> str:
        """Make a token."""
        return user + password

    (declared,) = declarations_of(token)

    assert (declared.spec.secret, declared.spec.secret_result) == (("password",), True)


def test_a_secret_parameter_has_to_be_there() -> None:
    @action("acme.token", secret=["pasword"])
    def token(password: str) -> str:
        """Make a token."""
        return password

    with pytest.raises(DeclarationError, match="declares `pasword` to be secret, and has no such parameter"):
        _ = declarations_of(token)[0].spec

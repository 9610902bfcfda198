"""Plugins written for Mistral, in packages that are installed into a folder on the path."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maestrale.actions import ActionContext, ActionFailed, ProviderSettings, Registry, Result
from maestrale.actions.inputs import WrongInput
from maestrale.core.catalogue import ActionSpec
from maestrale.core.state import Execution
from maestrale.definitions.actions import create_actions
from maestrale.definitions.workflows import create_workflows
from maestrale.engine.stored import StoredStart, find_start
from maestrale.lang.model import Parameter
from maestrale.main import Node
from maestrale.store import Store
from tests.definitions.texts import ANN, NOON, actions, workflows

Install = Callable[..., None]

PLUGIN = """
import datetime
from mistral_lib import actions

class Deploy(actions.Action):
    \"\"\"Deploy an image.

    More about it.
    \"\"\"
    def __init__(self, image, replicas=1, options=None):
        if image == "none":
            raise ValueError("name an image")
        self.image, self.replicas = image, replicas
        self._options = options

    def run(self, context):
        return {"image": self.image, "replicas": self.replicas}

    def test(self, context):
        raise AssertionError("nobody calls it")

class Tell(actions.Action):
    def __init__(self, how):
        self.how = how

    def run(self, context):
        if self.how == "raise":
            raise RuntimeError("went wrong")
        return {
            "data": actions.Result(data=[1]),
            "error": actions.Result(error={"code": 7}),
            "cancel": actions.Result(cancel=True),
            "rich": {1: datetime.datetime(2030, 1, 2), "some": {3}},
        }[self.how]

class Where(actions.Action):
    def run(self, context):
        execution, security = context.execution, context.security
        return [
            execution.workflow_execution_id, execution.task_execution_id, execution.action_execution_id,
            execution.workflow_name, execution.callback_url, execution.with_items_index,
            security.project_id, security.auth_token, security.auth_uri,
        ]

class Later(actions.Action):
    def __init__(self, fail=False):
        super().__init__()
        self.fail = fail

    def run(self, context):
        return actions.Result(error="no") if self.fail else None

    def is_sync(self):
        return False

class Waits(actions.Action):
    async def run(self, context):
        return "waited"

class Anything(actions.Action):
    def __init__(self, **kwargs):
        self.kwargs = kwargs

    def run(self, context):
        return self.kwargs

class Whimsical(actions.Action):
    def __init__(self, waits):
        self.waits = waits

    def run(self, context):
        return 1

    def is_sync(self):
        return not self.waits

class Generated(actions.Action):
    method = None

    def __init__(self, **kwargs):
        self._given = kwargs

    def run(self, context):
        return [self.method, self._given]

class Generator:
    base_action_class = Generated

    @classmethod
    def create_actions(cls):
        for name in ("list", "get"):
            yield {
                "class": type(name, (Generated,), {"method": f"images.{name}"}),
                "name": f"glance.images_{name}",
                "description": f"Call {name}.",
                "arg_list": "image, limit=null, sort=\\"name\\"",
            }

def all_generators():
    yield Generator
"""

PLAIN = """
class Greet:
    def __init__(self, name="you"):
        self.name = name

    def run(self, context):
        return [self.name, context.execution.workflow_name, context.security.project_id]

class Key:
    def run(self, context):
        return [context.execution.attempt, context.execution.idempotency_key]

class Old:
    def run(self):
        return "no context"
"""

CONTEXT = ActionContext(
    workflow_execution_id="e",
    task_execution_id="t",
    action_execution_id="r",
    workflow_name="wf",
    project_id="p",
    item_index=2,
)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package: its name, the text of its module, and its entry points by group."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(package: str, source: str, **groups: str) -> None:
        (tmp_path / f"{package}.py").write_text(source)
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        sections = [f"[mistral.{group}]\n{lines}\n" for group, lines in groups.items()]
        (info / "entry_points.txt").write_text("\n".join(sections))
        monkeypatch.delitem(sys.modules, package, raising=False)

    return install


@pytest.fixture
def plugin(install: Install) -> None:
    names = ("Deploy", "Tell", "Where", "Later", "Waits", "Anything", "Whimsical")
    lines = "\n".join(f"acme.{name.lower()} = acme_plugin:{name}" for name in names)
    install("acme_plugin", PLUGIN, actions=lines, generators="acme = acme_plugin:all_generators")


def run(name: str, registry: Registry | None = None, **input: Any) -> Result:
    """The result of an action, as a worker gets it."""
    found = (registry or Registry.standard()).get_action(name)
    arguments = found.arguments(input, CONTEXT, {})
    result = asyncio.run(found.function(**arguments)) if found.is_async else found.function(**arguments)
    assert isinstance(result, Result)
    return result


@pytest.mark.usefixtures("plugin")
def test_a_class_is_an_action_whose_parameters_are_those_of_its_constructor() -> None:
    registry = Registry.standard()

    assert registry.list_faults() == []
    assert registry.find_action("acme.deploy") == ActionSpec(
        name="acme.deploy",
        parameters=(
            Parameter("image", required=True),
            Parameter("replicas", required=False, default=1),
            Parameter("options", required=False, default=None),
        ),
        description="Deploy an image.",
    )
    assert run("acme.deploy", registry, image="nginx", replicas=3) == Result(
        value={"image": "nginx", "replicas": 3}
    )


@pytest.mark.usefixtures("plugin")
def test_input_that_does_not_fit_the_constructor_is_refused() -> None:
    with pytest.raises(WrongInput) as caught:
        run("acme.deploy", size=1)

    assert str(caught.value) == "Invalid input [name=acme.deploy, missing=['image'], unexpected=['size']]"


@pytest.mark.usefixtures("plugin")
def test_a_constructor_with_kwargs_takes_anything() -> None:
    registry = Registry.standard()

    assert registry.find_action("acme.anything") == ActionSpec(
        name="acme.anything", accepts_any=True, description=registry.list_actions()[0].description
    )
    assert run("acme.anything", registry, a=1) == Result(value={"a": 1})


@pytest.mark.usefixtures("plugin")
def test_a_constructor_that_raises_fails_the_action() -> None:
    with pytest.raises(ActionFailed) as caught:
        run("acme.deploy", image="none")

    assert caught.value.error == "Failed to instantiate an action [action=acme.deploy]: name an image"


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("how", "result"),
    [
        ("data", Result(value=[1])),
        ("error", Result(error={"code": 7})),
        ("cancel", Result(cancelled=True)),
        ("rich", Result(value={"1": "2030-01-02T00:00:00.000000", "some": [3]})),
    ],
)
def test_a_result_may_be_data_an_error_or_a_cancellation(how: str, result: Result) -> None:
    assert run("acme.tell", how=how) == result


@pytest.mark.usefixtures("plugin")
def test_the_context_says_for_whom_it_runs() -> None:
    assert run("acme.where") == Result(
        value=["e", "t", "r", "wf", "/v2/action_executions/r", 2, "p", None, None]
    )


@pytest.mark.usefixtures("plugin")
def test_a_class_that_is_not_synchronous_is_ended_by_somebody_else() -> None:
    registry = Registry.standard()
    spec = registry.find_action("acme.later")

    assert spec is not None
    assert spec.asynchronous
    assert run("acme.later", registry) == Result()
    assert run("acme.later", registry, fail=True) == Result(error="no")


@pytest.mark.usefixtures("plugin")
def test_whether_it_is_synchronous_must_not_depend_on_the_input() -> None:
    assert run("acme.whimsical", waits=False) == Result(value=1)
    with pytest.raises(ActionFailed) as caught:
        run("acme.whimsical", waits=True)
    assert caught.value.error == (
        "Action `acme.whimsical` answers `is_sync()` differently for different inputs; the engine has to "
        "know before it runs"
    )


@pytest.mark.usefixtures("plugin")
def test_a_run_may_be_a_coroutine() -> None:
    assert run("acme.waits") == Result(value="waited")


@pytest.mark.usefixtures("plugin")
def test_generators_make_actions_with_parameters_of_their_own() -> None:
    registry = Registry.standard()

    assert registry.find_action("glance.images_get") == ActionSpec(
        name="glance.images_get",
        parameters=(
            Parameter("image", required=True),
            Parameter("limit", required=False, default=None),
            Parameter("sort", required=False, default="name"),
        ),
        description="Call get.",
    )
    assert run("glance.images_list", registry, image="i") == Result(value=["images.list", {"image": "i"}])


def test_a_class_needs_nothing_of_mistrals_library(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mistral_lib", None)  # As where it is not installed.
    install("plain_plugin", PLAIN, actions="plain.greet = plain_plugin:Greet\nplain.old = plain_plugin:Old")

    assert run("plain.greet") == Result(value=["you", "wf", "p"])
    assert run("plain.old") == Result(value="no context")


@pytest.mark.parametrize("has_library", [True, False])
def test_a_class_is_told_its_attempt_and_the_key_of_it(
    install: Install, monkeypatch: pytest.MonkeyPatch, has_library: bool
) -> None:
    if not has_library:
        monkeypatch.setitem(sys.modules, "mistral_lib", None)
    install("plain_plugin", PLAIN, actions="plain.key = plain_plugin:Key")

    assert run("plain.key") == Result(value=[CONTEXT.attempt, CONTEXT.idempotency_key])


@pytest.mark.usefixtures("plugin")
def test_a_plugin_that_needs_mistrals_library_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mistral_lib", None)

    fault = next(fault for fault in Registry.standard().list_faults() if "acme.deploy" in fault)

    assert fault == (
        "The plugin `acme.deploy = acme_plugin:Deploy` of `acme_plugin` could not be loaded: "
        "ModuleNotFoundError: import of mistral_lib halted; None in sys.modules; "
        "install the package `mistral-lib` beside Maestrale"
    )


def test_what_is_no_class_with_a_run_is_told(install: Install) -> None:
    install("odd_plugin", "class Odd: pass\ndef odd(): pass", actions="odd.a = odd_plugin:Odd")

    assert Registry.standard().list_faults() == [
        "The plugin `odd.a = odd_plugin:Odd` of `odd_plugin` could not be loaded: "
        "DeclarationError: `odd.a` is no class with a method `run`"
    ]


def test_mistrals_own_actions_do_not_take_the_place_of_ours(install: Install) -> None:
    install("mistral_itself", "raise RuntimeError('loaded')", actions="std.http = mistral_itself:Http")

    registry = Registry.standard()

    assert (registry.list_faults(), registry.find_action("std.http") is not None) == ([], True)


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("settings", "there"),
    [
        (ProviderSettings(), {"acme.deploy", "glance.images_get", "std.http", "std.noop"}),
        (ProviderSettings(has_plugins=False), {"glance.images_get", "std.http", "std.noop"}),
        (ProviderSettings(has_generators=False), {"acme.deploy", "std.http", "std.noop"}),
        (ProviderSettings(only_builtin=True), {"std.http", "std.noop"}),
        (ProviderSettings(denied_actions=("std.*", "glance*")), {"acme.deploy", "std.noop"}),
        (
            ProviderSettings(allowed_actions=("*.http",), denied_actions=("std.*",)),
            {"std.http", "std.noop"},
        ),
        (ProviderSettings(denied_providers=("legacy",)), {"std.noop"}),
        (ProviderSettings(allowed_providers=("ad*",)), {"std.noop"}),
    ],
)
def test_the_operator_says_which_actions_there_are(settings: ProviderSettings, there: set[str]) -> None:
    registry = Registry.standard(settings=[settings])
    asked = {"acme.deploy", "glance.images_get", "std.http", "std.noop"}

    assert {name for name in asked if registry.find_action(name) is not None} == there
    assert asked & set(registry.names()) == there


def outcome(task: str, settings: ProviderSettings | None = None) -> Execution:
    """How a workflow with one task ends, on a real node; there is an ad-hoc action `mine`."""

    def store_all(store: Store) -> None:
        text = f"version: '2.0'\nw:\n  output: {{got: <% task(t).result %>}}\n  tasks:\n    t: {task}\n"
        create_workflows(store, ANN, workflows(text), now=NOON)
        create_actions(store, ANN, actions("version: '2.0'\nmine: {base: std.noop}\n"), now=NOON)

    async def play() -> Execution:
        registry = Registry.standard(settings=[settings or ProviderSettings()])
        async with Node("sqlite://", registry=registry) as node:
            await node.engine.write(store_all)
            wanted = StoredStart(workflow_name="w", namespace="", input={})
            request = await node.engine.write(lambda store: find_start(store, ANN, wanted))
            return await node.engine.run(request)

    return asyncio.run(play())


@pytest.mark.usefixtures("plugin")
def test_a_task_uses_a_plugin_like_any_other_action() -> None:
    deployed = outcome("{action: acme.deploy, input: {image: nginx}}")
    listed = outcome("{with-items: 'i in <% [1, 2] %>', action: acme.where}")
    cancelled = outcome("{action: acme.tell, input: {how: cancel}}")
    failed = outcome("{action: acme.tell, input: {how: error}, on-error: noop}")

    assert (deployed.state, deployed.output) == ("SUCCESS", {"got": {"image": "nginx", "replicas": 1}})
    assert [item[5:7] for item in (listed.output or {})["got"]] == [[0, "ann"], [1, "ann"]]
    assert cancelled.state == "CANCELLED"
    assert (failed.state, failed.output) == ("SUCCESS", {"got": {"code": 7}})


def test_stored_actions_are_there_only_as_far_as_their_provider_is_allowed() -> None:
    denied = outcome("{action: mine}", ProviderSettings(denied_providers=("adhoc",)))

    assert outcome("{action: mine}").state == "SUCCESS"
    assert outcome("{action: mine}", ProviderSettings(denied_providers=("dynamic",))).state == "SUCCESS"
    assert denied.state == "ERROR"
    assert "Failed to find action [action_name=mine]" in (denied.state_info or "")

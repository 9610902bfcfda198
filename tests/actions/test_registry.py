"""Plugins are real packages, installed into a folder on the path."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from maestrale.actions import DeclarationError, Registry, action
from maestrale.core.catalogue import ActionSpec
from maestrale.errors import Conflict, NotFound

Install = Callable[[str, str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package: its name, its entry point, and the text of its module of the same name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(package: str, entry_point: str, source: str) -> None:
        (tmp_path / f"{package}.py").write_text(f"from maestrale.actions import action\n{source}")
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[maestrale.actions]\n{entry_point}\n")
        monkeypatch.delitem(sys.modules, package, raising=False)

    return install


def an_action(name: str, function: str = "run") -> str:
    return f'@action("{name}")\ndef {function}(): "Run {name}."\n'


def test_the_standard_actions_are_known() -> None:
    assert Registry().names() == [
        "std.async_noop",
        "std.command",
        "std.echo",
        "std.email",
        "std.fail",
        "std.http",
        "std.javascript",
        "std.js",
        "std.mistral_http",
        "std.noop",
        "std.sleep",
        "std.ssh",
        "std.ssh_proxied",
        "std.test_dict",
    ]


def test_every_action_is_listed_with_its_description() -> None:
    specs = Registry().list_actions()

    assert [spec.name for spec in specs] == Registry().names()
    assert all(spec.description for spec in specs)


def test_finding_a_standard_action_loads_no_library_and_searches_no_package() -> None:
    # In a fresh interpreter: what this one imported before says nothing.
    source = """
import sys
def search(**_): raise AssertionError("searched")
import importlib.metadata
importlib.metadata.entry_points = search
from maestrale.actions import Registry
registry = Registry.standard()
assert registry.find_action("std.http") and registry.find_action("std.js")
assert registry.find_action("std.nope") is None
libraries = {"aiosmtplib", "asyncssh", "email.headerregistry", "httpx", "py_mini_racer"}
print(sorted(libraries & set(sys.modules)))
"""
    answer = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)

    assert answer.stdout == "[]\n"


def test_a_plugin_may_name_one_function_or_a_module(install: Install) -> None:
    install("one_plugin", "one = one_plugin:run", an_action("one.run") + an_action("one.other", "other"))
    install("two_plugin", "two = two_plugin", an_action("two.a", "a") + an_action("two.b", "b"))

    registry = Registry.standard()

    names = [name for name in registry.names() if not name.startswith("std.")]
    assert (names, registry.list_faults()) == (["one.run", "two.a", "two.b"], [])
    assert registry.find_action("two.a") == ActionSpec(name="two.a", description="Run two.a.")


def test_a_plugin_may_use_the_functions_of_another(install: Install) -> None:
    install("base_plugin", "base = base_plugin", an_action("base.run"))
    install("more_plugin", "more = more_plugin", "from base_plugin import run\n" + an_action("more.x", "x"))

    registry = Registry.standard()

    assert registry.list_faults() == []
    assert [registry.get_action(name).name for name in ("base.run", "more.x")] == ["base.run", "more.x"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = 1", "LookupError: there is no function with the decorator `action` in it"),
        (an_action("std.ssh"), "LookupError: it declares `std.ssh`; `std.` is reserved"),
        (
            '@action("broken.star")\ndef run(*args): pass',
            "DeclarationError: Action `broken.star` has the parameter `args`, which no input can fill",
        ),
    ],
)
def test_a_broken_plugin_is_reported_where_it_is_asked_for_and_harms_no_other(
    install: Install, source: str, reason: str
) -> None:
    install("broken_plugin", "broken = broken_plugin", source)
    install("sound_plugin", "sound = sound_plugin", an_action("sound.run"))
    registry = Registry.standard()

    told = f"The plugin `broken = broken_plugin` of `broken_plugin` could not be loaded: {reason}"

    assert registry.get_action("sound.run").name == "sound.run"
    assert registry.find_action("broken.run") == ActionSpec(name="broken.run", accepts_any=True)
    with pytest.raises(NotFound) as caught:
        registry.get_action("broken.run")
    assert (caught.value.message, caught.value.code) == (told, "broken-plugin")
    assert registry.list_faults() == [told]


def test_an_action_of_two_plugins_is_refused_naming_both(install: Install) -> None:
    install("left_plugin", "left = left_plugin", an_action("shop.buy") + an_action("shop.sell", "sell"))
    install("right_plugin", "right = right_plugin", an_action("shop.buy"))
    registry = Registry.standard()

    assert registry.find_action("shop.buy") == ActionSpec(name="shop.buy", accepts_any=True)
    assert registry.get_action("shop.sell").name == "shop.sell"
    with pytest.raises(Conflict) as caught:
        registry.get_action("shop.buy")
    assert caught.value.message == (
        "Two plugins declare the action `shop.buy`: `left = left_plugin` of `left_plugin` and "
        "`right = right_plugin` of `right_plugin`; uninstall one of them or rename its action"
    )


def test_an_unknown_action_has_a_hint(install: Install) -> None:
    install("one_plugin", "one = one_plugin", an_action("one.deploy"))
    registry = Registry.standard()

    assert registry.find_action("one.deplyo") is None
    with pytest.raises(NotFound) as caught:
        registry.get_action("one.deplyo")
    assert (caught.value.message, caught.value.hint) == (
        "There is no action `one.deplyo`",
        "did you mean `one.deploy`?",
    )


def test_a_program_may_add_its_own_actions() -> None:
    @action("mine.run")
    def run() -> None:
        """Mine."""

    registry = Registry([run])
    registry.add(run)  # The same again changes nothing.

    assert registry.find_action("mine.run") == ActionSpec(name="mine.run", description="Mine.")


def test_what_cannot_be_added_is_refused() -> None:
    registry = Registry([action("mine.run")(lambda: None)])

    with pytest.raises(DeclarationError, match="is not declared as an action"):
        registry.add(len)
    with pytest.raises(Conflict, match=r"another action `mine\.run`"):
        registry.add(action("mine.run")(lambda: None))
    with pytest.raises(Conflict, match=r"another action `std\.ssh`"):
        registry.add(action("std.ssh")(lambda: None))

"""The dialect of YAML that definitions and `yaml_parse` are written in.

YAML 1.1 without anchors and aliases, so that a small text cannot stand for a huge one: `&` and `*`
begin an ordinary plain scalar, and so does `@`, which YAML forbids there. Custom tags are refused.
"""

from typing import Any

import yaml

from maestrale.expressions.scope import Json

_ORDINARY = frozenset("&*@")


class HardenedLoader(yaml.SafeLoader):
    """PyYAML's safe loader in pure Python, scanning this dialect. Events and marks are as usual."""

    # A lone `&` or `*` would otherwise have a type of its own, which nothing can be made of.
    yaml_implicit_resolvers = {
        first: resolvers
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        if first not in _ORDINARY
    }

    def check_plain(self) -> bool:
        """Whether a plain scalar begins here."""
        return self.peek() in _ORDINARY or bool(super().check_plain())

    def fetch_alias(self) -> None:
        """There are no aliases: `*` begins a plain scalar."""
        self.fetch_plain()

    def fetch_anchor(self) -> None:
        """There are no anchors: `&` begins a plain scalar."""
        self.fetch_plain()


class _Dumper(yaml.SafeDumper):
    """Block style without anchors, whatever is shared in the data."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def load(text: str) -> Json:
    """The data in the one document of `text`; None for an empty text.

    Raises:
        yaml.YAMLError: The text is no YAML of this dialect, holds several documents, or a custom tag.
    """
    return yaml.load(text, Loader=HardenedLoader)


def dump(value: Json) -> str:
    """Plain data as YAML: block style, sorted keys, ASCII with escapes.

    Raises:
        yaml.YAMLError: It holds an object that YAML has no standard form for.
    """
    return yaml.dump(value, Dumper=_Dumper, default_flow_style=False)

"""The reference of the settings says what the table says."""

import re
from pathlib import Path

from maestrale.config import GROUPS
from maestrale.config.setting import Setting

PAGE = Path(__file__).parents[2] / "docs/reference/configuration.md"


def row(setting: Setting) -> str:
    default = setting.unset if setting.default is None else f"`{setting.shown(setting.default)}`"
    return f"| `{setting.name}` | {setting.kind.allowed} | {default} | {setting.about} |"


def test_the_reference_lists_every_setting_in_its_group_as_the_table_has_it() -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE.read_text(), flags=re.S | re.M))

    listed = {title: re.findall(r"^\| `.*$", text, flags=re.M) for title, text in sections.items()}

    assert {title: listed.get(title) for title in GROUPS} == {
        title: [row(setting) for setting in group] for title, group in GROUPS.items()
    }

"""The page `/docs`: every operation of the API with its parameters, made from the table of endpoints.

It needs neither scripts nor anything from elsewhere, and follows the reader's choice of light or dark.
"""

import re
from collections.abc import Sequence
from html import escape
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct

from maestrale import __version__
from maestrale.api.endpoint import Endpoint
from maestrale.api.openapi import error_statuses
from maestrale.api.router import Route

_STYLE = """
:root { color-scheme: light dark; --back: #fbfaf8; --card: #ffffff; --text: #22252a; --soft: #666d78;
  --line: #e3e0da; --accent: #0b6e99; --get: #0b6e99; --post: #2e7d4f; --put: #a15c00; --delete: #b3373a;
  --code: #f1eee8; }
@media (prefers-color-scheme: dark) { :root { --back: #15181d; --card: #1d2127; --text: #e4e6ea;
  --soft: #99a1ad; --line: #30363f; --accent: #6cc4ec; --get: #6cc4ec; --post: #7fcf9f; --put: #e9b062;
  --delete: #f08a8c; --code: #272c34; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.page { display: grid; grid-template-columns: 15rem minmax(0, 1fr); max-width: 78rem; margin: 0 auto; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 2rem 1.25rem; }
nav a { display: block; padding: .2rem 0; color: var(--soft); text-decoration: none; }
nav a:hover, nav a:focus-visible { color: var(--accent); }
main { padding: 2rem 1.25rem 5rem; }
h1 { margin: 0 0 .25rem; font-size: 1.9rem; letter-spacing: -.01em; }
h2 { margin: 2.75rem 0 .75rem; font-size: 1.3rem; }
h3 { margin: 1.1rem 0 .4rem; font-size: .8rem; letter-spacing: .06em; text-transform: uppercase;
  color: var(--soft); }
p { margin: .4rem 0; }
a { color: var(--accent); }
.soft { color: var(--soft); }
details { margin: .5rem 0; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
summary { display: flex; flex-wrap: wrap; gap: .3rem .8rem; align-items: baseline; padding: .55rem .9rem;
  cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; border-radius: 8px; }
details[open] > summary { border-bottom: 1px solid var(--line); }
.inside { padding: .4rem .9rem 1rem; }
.method { min-width: 4.2rem; font: 700 .8rem ui-monospace, Menlo, Consolas, monospace; }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); }
.delete { color: var(--delete); }
code { font: .88em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
p code, td code { padding: .08em .3em; border-radius: 4px; background: var(--code); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .93rem; }
td, th { padding: .35rem .6rem .35rem 0; border-top: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { font-weight: 600; color: var(--soft); border-top: 0; }
@media (max-width: 52rem) { .page { display: block; } nav { position: static; height: auto;
  padding-bottom: 0; columns: 2; } }
"""


_METHODS = ("GET", "POST", "PUT", "DELETE")


def documentation_page(endpoints: Sequence[Endpoint]) -> str:
    """The whole page."""
    endpoints = sorted(endpoints, key=_place)
    tags = sorted({endpoint.tag for endpoint in endpoints})
    links = "".join(f'<a href="#{_anchor(tag)}">{escape(tag)}</a>' for tag in tags)
    sections = "".join(_section(tag, [each for each in endpoints if each.tag == tag]) for tag in tags)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Maestrale API</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<div class="page"><nav aria-label="Resources">{links}</nav>\n<main>\n<h1>Maestrale API</h1>\n'
        f'<p class="soft">Version {escape(__version__)}. The API of OpenStack Mistral v2. For programs: '
        '<a href="openapi.json">openapi.json</a>.</p>\n'
        f"{sections}</main></div>\n</body>\n</html>\n"
    )


def _place(endpoint: Endpoint) -> tuple[str, int]:
    """Where an operation stands among others: what is done with one path stands together."""
    return Route(endpoint).template, _METHODS.index(endpoint.method)


def _anchor(tag: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", tag.lower())


def _section(tag: str, endpoints: Sequence[Endpoint]) -> str:
    return f'<h2 id="{_anchor(tag)}">{escape(tag)}</h2>\n' + "".join(map(_operation, endpoints))


def _operation(endpoint: Endpoint) -> str:
    method = endpoint.method
    parts = [
        f"<p>{_text(endpoint.description)}</p>" if endpoint.description else "",
        _table(
            "Path", [(part.name, "UUID" if part.is_uuid else "text", "") for part in Route(endpoint).parts]
        ),
        _table("Query", [(each.name, each.kind, each.description) for each in endpoint.query]),
        _type_table("Body", endpoint.body),
        _type_table("Answer", endpoint.result),
        f"<h3>Statuses</h3><p>{_statuses(endpoint)}</p>",
        _who(endpoint),
    ]
    return (
        f'<details><summary><span class="method {method.lower()}">{method}</span>'
        f"<code>{escape(Route(endpoint).template)}</code>"
        f'<span class="soft">{_text(endpoint.summary)}</span></summary>\n'
        f'<div class="inside">{"".join(parts)}</div></details>\n'
    )


def _who(endpoint: Endpoint) -> str:
    if endpoint.admin_only:
        return '<p class="soft">For administrators only.</p>'
    return "" if endpoint.needs_identity else '<p class="soft">Nobody has to say who they are.</p>'


def _statuses(endpoint: Endpoint) -> str:
    statuses = (endpoint.status, *error_statuses(endpoint))
    return ", ".join(f"<code>{status}</code> {HTTPStatus(status).phrase}" for status in statuses)


def _type_table(title: str, kind: Any) -> str:
    if kind is None:
        return ""
    if isinstance(kind, type) and issubclass(kind, Struct):
        rows = []
        for field in msgspec.structs.fields(kind):
            is_needed = field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
            rows.append((field.encode_name, _type_text(field.type), "" if is_needed else "may be left out"))
        return _table(title, rows)
    return f"<h3>{title}</h3><p>{escape(_type_text(kind))}</p>"


def _type_text(kind: Any) -> str:
    """A type in a few words: what its schema says."""
    try:
        (schema,), components = msgspec.json.schema_components([kind], ref_template="{name}")
    except TypeError:
        return "any JSON value"
    return _schema_text(schema, components)


def _schema_text(schema: dict[str, Any], components: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"])
    if "anyOf" in schema:
        return " or ".join(_schema_text(each, components) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_schema_text(schema.get('items') or {}, components)}"
    words = " or ".join(kind) if isinstance(kind, list) else (kind or "any JSON value")
    return f"{words}: {schema['description']}" if "description" in schema else words


def _table(title: str, rows: Sequence[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    lines = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_text(kind)}</td><td>{_text(text)}</td></tr>"
        for name, kind, text in rows
    )
    return f'<h3>{title}</h3><div class="wide"><table>{lines}</table></div>'


def _text(text: str) -> str:
    """Text for people; what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))

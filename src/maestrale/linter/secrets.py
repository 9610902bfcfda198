"""Secrets that stand in a definition, where everybody reads them who may read the definition.

A text is taken for a secret if its key says so, or if its form is that of a well-known kind of token. A text
with an expression in it is none, nor is a placeholder. What was found is never shown.

Source: Mistral v2, section 7.8, "redaction", for the words in keys.
"""

import re
from collections.abc import Iterator, Mapping

from maestrale.expressions import has_expression
from maestrale.lang.inline import find_parameters
from maestrale.lang.reader import Reader

SECRET_WORDS = frozenset(
    {"passwd", "password", "passphrase", "token", "secret", "auth", "authorization", "apikey"}
    | {"credential", "credentials", "cookie"}
)
"""A key is that of a secret if its last word is: `db_password`, `X-Auth-Token`, but not `password_file`."""

KEY_KINDS = frozenset({"api", "private", "secret"})
"""Before `key`: `api_key`, `private-key`."""

SCHEMES = frozenset({"auth", "authorization", "cookie", "credential", "credentials"})
"""Words whose value is often no secret but a kind or a name: it has to look like one."""

TOKENS: Mapping[str, re.Pattern[str]] = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ ){0,4}PRIVATE KEY-----"),
    "an access key of AWS": re.compile(r"\b(?:AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}\b"),
    "a token of GitHub": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"),
    "a token of GitLab": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "a token of Slack": re.compile(r"\bxox[abeoprs]-[A-Za-z0-9]+-[A-Za-z0-9-]{10,}"),
    "a key of Google": re.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
    "a key of Stripe": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    "a token of npm": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "a JSON web token": re.compile(r"\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10}"),
}

URL = re.compile(
    r"\b[a-z][a-z0-9+.-]{0,20}://[^\s/?#@:<>{}\"']{0,200}:(?P<password>[^\s/?#@<>{}\"']{1,200})@"
)
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
PLACEHOLDER = re.compile(
    r"<.*>|\$\{?\w.*|%.*%|\[.*\]|([*x.?_-])\1*|…|/\S*|\w*(?:example|change_?me|dummy)\w*", re.IGNORECASE
)
CREDENTIALS = re.compile(r"(?:basic|bearer|token)\s+\S{6,}|[^\s:=]+[:=]\S+", re.IGNORECASE)

HINT = "pass it as an input or in the environment, and read it as `<% env().name %>`"


def check_secrets(document: Reader) -> None:
    """Report every text that is a secret, wherever it stands."""
    for text, key in _texts(document):
        reason = _reason(text.value, key)
        if reason is not None:
            text.warn("plain-secret", f"{reason} stands here in plain text", hint=HINT, shown=...)


def _texts(document: Reader) -> Iterator[tuple[Reader, str | None]]:
    """Every text of the document with the key it stands under, if any; one in the line of an action, too."""
    pending: list[tuple[Reader, str | None]] = [(document, None)]
    while pending:
        reader, key = pending.pop()
        if isinstance(reader.value, str):
            yield reader, key
        pending.extend((field, name) for name, field in reader.fields())
        pending.extend((element, key) for element in reader.elements())


def _reason(text: str, key: str | None) -> str | None:
    """What makes a text a secret; None: it is none."""
    for kind, pattern in TOKENS.items():
        if pattern.search(text):
            return kind
    if any(not _is_placeholder(match["password"]) for match in URL.finditer(text)):
        return "the password in a URL"
    if key in ("action", "base", "workflow"):
        return _reason_in_line(text)
    return _reason_by_key(key, text) if key is not None else None


def _reason_in_line(text: str) -> str | None:
    """For parameters in one line: `std.http url="…" auth="ann:…"`."""
    parameters = find_parameters(text, max(text.find(" "), 0)).values
    for name, value in parameters.items():
        reason = _reason_by_key(name, value) if isinstance(value, str) else None
        if reason is not None:
            return reason
    return None


def _reason_by_key(key: str, text: str) -> str | None:
    word = _secret_word(key)
    if word is None or not text.strip() or has_expression(text) or _is_placeholder(text.strip()):
        return None
    if word in SCHEMES and not CREDENTIALS.fullmatch(text.strip()):
        return None
    return f"the value of `{key}`"


def _secret_word(key: str) -> str | None:
    """The word that makes a key that of a secret."""
    words: list[str] = [word.lower() for word in WORDS.findall(key)]
    match words:
        case [*_, kind, "key"] if kind in KEY_KINDS:
            return "key"
        case [*_, last] if last in SECRET_WORDS:
            return last
        case [*_, last] if last.endswith(("password", "passwd", "secret")):
            return "password"
    return None


def _is_placeholder(text: str) -> bool:
    return PLACEHOLDER.fullmatch(text) is not None or has_expression(text)

"""Where in a text for Jinja something stands.

Jinja tells the line of a fault and no column. A word leads to its place if it stands in that line once.
"""

import re

_GOT = re.compile(r"got '(.+)'|unexpected (?:char )?'(.+?)'(?: at \d+)?$")


def find_place(text: str, message: str, line: int) -> int | None:
    """The offset of what a message of Jinja's parser names, if it stands in its line once."""
    got = _GOT.search(message)
    word = (got[1] or got[2]) if got else None
    start = sum(len(one) for one in text.splitlines(keepends=True)[: line - 1])
    end = text.find("\n", start)
    return mention(text, word, start, len(text) if end < 0 else end) if word else None


def mention(text: str, word: str, start: int = 0, end: int | None = None) -> int | None:
    """The offset of the only place where `word` stands by itself; None: there are several, or none."""
    edge = r"(?!\w)" if word[-1:].isalnum() else ""
    pattern = re.compile(rf"(?<!\w){re.escape(word)}{edge}" if word[:1].isalnum() else re.escape(word))
    found = [match.start() for match in pattern.finditer(text, start, len(text) if end is None else end)]
    return found[0] if len(found) == 1 else None

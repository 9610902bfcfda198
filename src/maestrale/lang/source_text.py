"""From what was sent to the text that YAML may read: its size, its encoding, its characters."""

import re
from collections.abc import Container

from maestrale.lang.codes import CODES
from maestrale.lang.problems import Mark
from maestrale.lang.report import Report

MOST_BYTES = 4 * 1024 * 1024

# What YAML 1.1 calls printable, and the byte order mark.
NOT_ALLOWED = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BYTE_ORDER_MARK = "\ufeff"


def read_source(
    source: str | bytes, *, file: str, codes: Container[str] = CODES
) -> tuple[str | None, Report]:
    """The text to parse, or None and the reason in the report, whose problems may have these codes."""
    size = _size(source)
    if size > MOST_BYTES:
        report = Report(file, "", codes=codes)
        message = f"the text has {size:,} bytes; a definition may have {MOST_BYTES:,}"
        hint = "pass data to the execution as its input, or split the definition"
        report.add("too-large", message, Mark(1, 1), hint=hint)
        return None, report
    text = source if isinstance(source, str) else source.decode("utf-8", errors="replace")
    text = text.removeprefix(BYTE_ORDER_MARK)
    report = Report(file, text, codes=codes)
    fault = _encoding_fault(source) or _character_fault(text)
    if fault is not None:
        message, offset = fault
        report.add("not-text", message, report.mark_at(offset), hint="save the definition as UTF-8 text")
        return None, report
    return text, report


def _size(source: str | bytes) -> int:
    """In bytes. A text that is too long in characters is not encoded just to count it."""
    if isinstance(source, bytes) or len(source) > MOST_BYTES:
        return len(source)
    return len(source.encode("utf-8", errors="surrogatepass"))


def _encoding_fault(source: str | bytes) -> tuple[str, int] | None:
    if isinstance(source, str):
        return None
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8").removeprefix(BYTE_ORDER_MARK)
        byte = source[error.start]
        return f"byte {error.start} (0x{byte:02x}) is not UTF-8: {error.reason}", len(before)
    return None


def _character_fault(text: str) -> tuple[str, int] | None:
    match = NOT_ALLOWED.search(text)
    if match is None:
        return None
    return (
        f"the text holds the character U+{ord(match.group()):04X}, which YAML does not allow",
        match.start(),
    )

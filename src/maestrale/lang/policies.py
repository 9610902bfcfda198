"""The policies of a task, its own and those it takes over from `task-defaults` (sections 2.3 and 2.9)."""

from collections.abc import Mapping

from maestrale.expressions import Json, Template, compile_template
from maestrale.lang.inline import check_parameters, find_parameters, warn_of_lost_values
from maestrale.lang.model import Policies, Retry
from maestrale.lang.reader import Reader
from maestrale.lang.templates import NOTHING, is_expression, read_amount, read_expression, read_flag
from maestrale.lang.yaml_tree import kind_of

AMOUNTS = ("wait-before", "wait-after", "timeout", "concurrency")
FLAGS = ("pause-before", "fail-on")
POLICIES = ("retry", *AMOUNTS, *FLAGS)
RETRY_KEYS = ("count", "delay", "break-on", "continue-on")
RETRY_HINT = "write it like `{count: 3, delay: 1}` or `count=3 delay=1`"


def read_policies(reader: Reader, defaults: Policies) -> Policies:
    """What the mapping says, and the defaults for what it does not say.

    A value that counts as false (0, false) does not switch a default off: Mistral cannot tell it from none.
    """
    retry = reader.find("retry")
    values = {key: _read_policy(reader, key) for key in (*AMOUNTS, *FLAGS)}
    return Policies(
        retry=_read_retry(retry) if retry else defaults.retry,
        wait_before=values["wait-before"] or defaults.wait_before,
        wait_after=values["wait-after"] or defaults.wait_after,
        timeout=values["timeout"] or defaults.timeout,
        concurrency=values["concurrency"] or defaults.concurrency,
        pause_before=values["pause-before"] or defaults.pause_before,
        fail_on=values["fail-on"] or defaults.fail_on,
    )


def _read_policy(reader: Reader, key: str) -> Template | None:
    policy = reader.find(key)
    if policy is None:
        return None
    template = read_amount(policy) if key in AMOUNTS else read_flag(policy)
    return template if policy.value else None


def _read_retry(reader: Reader) -> Retry | None:
    if isinstance(reader.value, str):
        return _read_retry_line(reader)
    if not reader.is_mapping(hint=RETRY_HINT):
        return None
    reader.check_keys(RETRY_KEYS, of="`retry`")
    count, delay = reader.get("count", hint=RETRY_HINT), reader.get("delay", hint=RETRY_HINT)
    break_on, continue_on = reader.find("break-on"), reader.find("continue-on")
    return Retry(
        count=read_amount(count) if count else NOTHING,
        delay=read_amount(delay) if delay else NOTHING,
        break_on=read_expression(break_on) if break_on else None,
        continue_on=read_expression(continue_on) if continue_on else None,
    )


def _read_retry_line(reader: Reader) -> Retry | None:
    """`retry: count=3 delay=1 break-on=<% … %>`."""
    if reader.text() is None:
        return None
    # Without a space Mistral takes the whole line for a name; then there are no parameters.
    found = find_parameters(reader.value, 0 if " " in reader.value else len(reader.value))
    warn_of_lost_values(reader, found)
    sound = check_parameters(reader, found) and _check_line_keys(reader, found.values)
    for key, value in found.values.items():
        sound = _check_line_value(reader, key, value) and sound
    if not sound:
        return None
    templates = {key: compile_template(value) for key, value in found.values.items()}
    return Retry(
        templates["count"], templates["delay"], templates.get("break-on"), templates.get("continue-on")
    )


def _check_line_keys(reader: Reader, values: Mapping[str, Json]) -> bool:
    sound = True
    for key in values:
        if key not in RETRY_KEYS:
            hint = reader.report.suggestions.hint(key, RETRY_KEYS)
            reader.error("unknown-key", f"`retry` has no key `{key}`", hint=hint, shown=key)
            sound = False
    for key in ("count", "delay"):
        if key not in values:
            reader.error("missing-key", f"`retry` has no `{key}`", hint=RETRY_HINT)
            sound = False
    return sound


def _check_line_value(reader: Reader, key: str, value: Json) -> bool:
    if is_expression(value) or key not in RETRY_KEYS:
        return True
    if key in ("break-on", "continue-on"):
        message = f"`{key}` must be one expression, such as `<% $.count > 1 %>`"
        reader.error("not-an-expression", message, shown=value)
        return False
    if isinstance(value, int) and not isinstance(value, bool):
        return True
    message = f"`{key}` must be a whole number from 0 up, or one expression, but it is {kind_of(value)}"
    reader.error("wrong-type", message, hint="write the number without quotes", shown=value)
    return False

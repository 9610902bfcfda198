"""Texts to upload, and who uploads them."""

from datetime import UTC, datetime

from maestrale.definitions import Upload, read_upload
from maestrale.lang import DocumentKind
from maestrale.store import Access

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2030, 1, 1, 13, tzinfo=UTC)

ANN = Access("ann")
BOB = Access("bob")
ADMIN = Access("admins", is_admin=True)

WORKFLOW = """\
# A greeting.
version: '2.0'
greet:
  tags: [hello]
  input: [name, {times: 10}]
  output: {text: <% $.text %>}
  tasks:
    say: {action: std.echo output=hi}
"""

TWO_WORKFLOWS = """\
version: 2.0
first:
  # A comment.
  tasks: {t: {action: std.noop}}
second:
  input: [{date: 2020-01-01}]
  tasks: {t: {action: std.noop}}
"""

WORKBOOK = """\
version: '2.0'
name: book
tags: [shelf]
actions:
  shout:
    base: std.echo
    base-input: {output: <% $.text %>!}
    input: [text]
workflows:
  one:
    # What it does.
    tasks:
      say: {action: shout text=hi}

  # About two.
  two:
    tasks:
      again: {workflow: one}
"""

ACTIONS = """\
version: '2.0'
loud:
  description: Says it loudly.
  base: std.echo
  base-input: {output: <% $.text %>}
  input: [text, {mark: "!"}, {times: 2}]
quiet:
  base: std.noop
"""


def workflows(text: str = WORKFLOW, **options: bool) -> Upload:
    return read_upload(text, DocumentKind.WORKFLOWS, **options)


def workbook(text: str = WORKBOOK) -> Upload:
    return read_upload(text, DocumentKind.WORKBOOK)


def actions(text: str = ACTIONS) -> Upload:
    return read_upload(text, DocumentKind.ACTIONS)

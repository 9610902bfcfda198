"""The recorded behaviour of a real Mistral, asked of a server of ours over HTTP.

The cases and the program that plays them are those of `MAESTRALE_CONFORMANCE`.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.mistral_client import serving
from tests.core.conformance import FOLDER

PROGRAM = FOLDER / "conform.py"
AT_ONCE = 4
"""How many cases of a folder are played at a time: most of a case is waiting."""

SUBJECTS = sorted(path.name for path in (FOLDER / "cases").glob("*/"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("server")) as base:
        yield base


@pytest.mark.skipif(not SUBJECTS, reason=f"no recorded cases in {FOLDER}")
@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_server_does_what_a_real_mistral_was_seen_to_do(base: str, subject: str) -> None:
    check(base, subject)


def check(base: str, subject: str) -> None:
    """Play all cases of a folder against the API at this address; each must come out as it was recorded."""
    cases = sorted((FOLDER / "cases" / subject).glob("*.yaml"))
    shares = [share for number in range(AT_ONCE) if (share := cases[number::AT_ONCE])]

    playing = [play(base, share) for share in shares]
    outputs = [process.communicate()[0] for process in playing]

    assert [process.returncode for process in playing] == [0] * len(shares), "\n".join(outputs)
    assert sum(int(output.splitlines()[-1].split(" passed")[0]) for output in outputs) == len(cases)


def play(base: str, cases: list[Path]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), "check", base, *map(str, cases)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

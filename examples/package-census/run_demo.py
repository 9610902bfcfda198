"""What `make demo` runs: start the package server, run the census against it, show the result.

The exit code is that of `maestrale run`. The server lives in a thread of this process: it ends
with it, whatever happens.
"""

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from serve import PackageServer, add_options, serving, settings_from

REPORT = Path("build/package-census.html")
HERE = Path(__file__).resolve().parent
ENDED_BY_SIGNAL = 128  # The shell's convention: 128 and the number of the signal.
PATIENCE_SECONDS = 10
# The `maestrale` command of this very Python, whatever the PATH holds.
MAESTRALE = "import sys; from maestrale.cli.main import main; sys.exit(main())"


class Terminated(Exception):
    """We were sent a SIGTERM, of which our child knows nothing; a Ctrl-C goes to both."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the package census against a server on loopback.")
    parser.add_argument("--report", type=Path, default=REPORT, help=f"file to write (default: {REPORT})")
    add_options(parser)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, on_terminate)

    try:
        with serving(settings_from(arguments), port=arguments.port) as server:
            announce(server)
            exit_code, output = run(command(server.base_url, arguments.report.resolve()))
            if exit_code == 0:
                print_summary(json.loads(output), server)
            return exit_code
    except KeyboardInterrupt:
        return ENDED_BY_SIGNAL + signal.SIGINT
    except Terminated:
        return ENDED_BY_SIGNAL + signal.SIGTERM


def on_terminate(signal_number: int, frame: FrameType | None) -> None:
    """Leave through every `finally`, as a Ctrl-C does."""
    raise Terminated


def announce(server: PackageServer) -> None:
    found, missing = len(server.packages), len(server.missing)
    print(f"{found} packages and {missing} that are not there, served on {server.base_url}\n", flush=True)


def command(base_url: str, report: Path) -> list[str]:
    """Return the command line of the census. Its paths are absolute: it works from any directory.

    The run is kept in a database of its own, beside the report.
    """
    inputs = {
        "base_url": base_url,
        "report": str(report),
        "python": sys.executable,
        "report_script": str(HERE / "report.py"),
    }
    pairs = [argument for key, value in inputs.items() for argument in ("--input", f"{key}={value}")]
    database = ("--database", f"sqlite:///{report.with_suffix('.db')}")
    return [sys.executable, "-c", MAESTRALE, "run", str(HERE / "census.yaml"), "census", *database, *pairs]


def run(arguments: Sequence[str]) -> tuple[int, str]:
    """Run the command with its progress on this terminal; return its exit code and its stdout."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    try:
        output, _ = process.communicate()
    except KeyboardInterrupt:
        end(process, process.terminate, process.kill)
        raise
    except Terminated:
        process.terminate()
        end(process, process.kill)
        raise
    return process.returncode, output


def end(process: "subprocess.Popen[str]", *measures: Callable[[], None]) -> None:
    """Wait for a command that was asked to end; take the next measure each time patience runs out."""
    for measure in measures:
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            measure()
    process.wait()


def print_summary(output: dict[str, Any], server: PackageServer) -> None:
    """Print what the census found, and last where the report is."""
    answers = server.statistics.answers
    counts = ", ".join(f"{count} with {status}" for status, count in sorted(answers.items()))
    licences = ", ".join(f"{name} {count}" for name, count in output["licences"].items())
    print(f"\nRequests  {answers.total()}: {counts}")
    print(f"Packages  {output['packages']}, {output['bytes'] / 1e6:.1f} MB installed")
    print(f"Missing   {', '.join(output['unavailable']) or 'none'}")
    print(f"Licences  {licences}")
    print(f"Report    {short(Path(output['report']))}")


def short(path: Path) -> Path:
    """Return the path as seen from here, if it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


if __name__ == "__main__":
    sys.exit(main())

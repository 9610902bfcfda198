"""`maestrale server`: the API, the engine and the actions in one process, until somebody ends it."""

import asyncio
import gc
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from maestrale import __version__
from maestrale.cli.database import database_url
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.leaving import leave
from maestrale.cli.logs import set_up_logs
from maestrale.cli.signals import Interrupted, Signals
from maestrale.cli.terminal import OutputLost, write_output
from maestrale.config import Configuration, Settings, load_configuration
from maestrale.config.kinds import without_password
from maestrale.main.server import Server

log = structlog.get_logger("maestrale.server")


def serve(flags: Mapping[str, str | None], *, file: str | None) -> ExitCode:
    """Run a server until a signal asks for its end; the exit code.

    Args:
        flags: Settings of the command line, as texts; None: not given.
        file: The TOML file of settings, if one is named.

    Raises:
        Error: A setting is wrong, the port is taken, or the database cannot be used.
    """
    configuration = load_configuration(flags, os.environ, file=file)
    settings = configuration.settings()
    database = database_url(settings.server.database)
    set_up_logs(settings.log)
    for warning in configuration.warnings:
        log.warning(warning)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings, database))


async def _serve(settings: Settings, database: str) -> ExitCode:
    asyncio.get_running_loop().set_exception_handler(_on_bug)
    with Signals() as signals:
        server = Server(settings, database=database)
        try:
            await signals.race(server.__aenter__())
            gc.freeze()  # What is there now stays: the collector need not go through it again and again.
            _tell(server.url, database)
            await signals.race(server.watch())
        except Interrupted as interrupted:
            log.info("stopping", signal=str(interrupted), hint="a second signal ends the process at once")
        finally:
            await server.__aexit__()
        log.info("stopped")
    return await leave(ExitCode.SUCCESS)


def _tell(url: str, database: str) -> None:
    """Say where the server listens: to the log, and on stdout for whoever started it, at any log level."""
    log.info("listening", url=url, version=__version__, database=without_password(database), pid=os.getpid())
    with suppress(OutputLost):
        write_output(f"listening on {url}")


def _on_bug(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody caught. The server goes on: what is wrong is most often wrong for one request."""
    log.error(context.get("message", "a bug"), exc_info=context.get("exception"))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def print_configuration(flags: Mapping[str, str | None], *, file: str | None) -> ExitCode:
    """Write the settings that a server would run with, as a TOML file, and where each comes from.

    Raises:
        InvalidInput: A setting is wrong.
    """
    configuration = load_configuration(flags, os.environ, file=file)
    for warning in configuration.warnings:
        write_output(f"# warning: {warning}")
    for line in _lines(configuration):
        write_output(line)
    return ExitCode.SUCCESS


def _lines(configuration: Configuration) -> list[str]:
    pairs = []
    for each in configuration.effective.values():
        value = database_url(None) if each.setting.name == "database" and each.value is None else each.value
        if value is None:  # TOML has no word for it.
            pairs.append((f"# {each.setting.name}: {each.setting.unset}", each.origin))
        else:
            pairs.append((f"{each.setting.name} = {each.setting.shown(value)}", each.origin))
    width = min(max(len(text) for text, _ in pairs), 60)
    return [f"{text:<{width}}  # {origin}" for text, origin in pairs]

"""`kindgate web`: the dashboard, one daemon in the foreground."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from appliance.commands.options import Fault, Misused, configured, data_folder, with_place
from appliance.config import Config
from appliance.web import certificate, server
from appliance.web.gate import Listening
from appliance.world import life

Command = TypeVar("Command", bound=Callable[..., object])


def with_web(command: Command) -> Command:
    """Give a command `--web` and `--plain`; it is handed both as tuples of text."""
    command = click.option(
        "--plain",
        multiple=True,
        metavar="ADDR:PORT",
        help="Where the pages without a log-in are served on plain HTTP; may be given again. Default: nowhere.",
    )(command)
    return click.option(
        "--web",
        multiple=True,
        metavar="ADDR:PORT",
        help="Where the dashboard is; may be given again. TLS if one isn't loopback. Default: 127.0.0.1:8080.",
    )(command)


def web_words(web: tuple[str, ...], plain: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words that tell another process the same."""
    told = [("--web", address) for address in web] + [("--plain", address) for address in plain]
    return tuple(word for pair in told for word in pair)


@click.command()
@with_web
@with_place
def web(web: tuple[str, ...], plain: tuple[str, ...], data: Path | None, config: Path | None) -> None:
    """Serve the dashboard: pages for caregivers and children, in the foreground."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s web: %(message)s", stream=sys.stderr)
    settings = configured(config, web=web, plain=plain)
    where = data_folder(data, settings)
    try:
        listening, context = server.prepare(where, settings.web_listen, settings.plain_listen, settings.own_names)
        server.serve(where, listening, context, lambda: None if life.is_supervised() else tell(where, listening))
    except server.ListenError as error:
        raise Misused(str(error)) from error
    except server.NotReady as error:
        raise Fault(str(error)) from error


def tell(where: Path, listening: Listening) -> None:
    """Print where the dashboard is, and what it takes to own it."""
    for word, line in server.greeting(listening, server.first_run_code(where)):
        click.echo(f"  {word:<11} {line}")


def greeting_of(where: Path, config: Config) -> list[tuple[str, str]]:
    """Return what `kindgate run` and `kindgate check` tell of the dashboard, without starting it."""
    kept = certificate.load(where) if server.needs_tls(config.web_listen) else None
    listening = Listening(config.web_listen, config.plain_listen, server.needs_tls(config.web_listen),
                          fingerprint=kept.fingerprint if kept else None)  # fmt: skip
    return server.greeting(listening, server.first_run_code(where))

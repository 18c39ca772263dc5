"""The command line: `kindgate`."""

from importlib import import_module

import click

COMMANDS = (
    "run",
    "nameserver",
    "steward",
    "finder",
    "web",
    "guard",
    "house",
    "list",
    "record",
    "access",
    "caregiver",
    "explain",
    "week",
    "coverage",
    "flows",
    "score",
    "check",
)
"""Each stands in `appliance.commands`, in a module of its name; but for `ELSEWHERE`."""
ELSEWHERE = {"list": "lists"}
"""Python has a use of its own for the command's name."""


class Commands(click.Group):
    """Imports a command when it is wanted: a nameserver has no use for what the dashboard needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a person meets them."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = ELSEWHERE.get(cmd_name, cmd_name)
        command: click.Command = getattr(import_module(f"appliance.commands.{module}"), module)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kindgate", prog_name="kindgate")
def main() -> None:
    """Kindgate: a filter for the children of one house, on a box of one's own."""


if __name__ == "__main__":
    main(prog_name="kindgate")

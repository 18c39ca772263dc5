"""The command line: `kindgate`."""

import click

from appliance.commands.check import check
from appliance.commands.explain import explain
from appliance.commands.house import house
from appliance.commands.run import nameserver, run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kindgate", prog_name="kindgate")
def main() -> None:
    """Kindgate: a DNS filter for the children of one house, on a box of one's own."""


for command in (run, nameserver, house, explain, check):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="kindgate")

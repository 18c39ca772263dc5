"""The command line of `scripts/lab`."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from scripts.lablib import gateway, net, router, sniffer
from scripts.lablib.errors import LabError
from scripts.lablib.house import EXAMPLE_HOUSE
from scripts.lablib.lab import LAB_SCRIPT, Lab, Settings

NOT_UP = 3
KINDGATE_RUN = LAB_SCRIPT.parent / "run"

TRY = """\
Lab '{name}' is up: recipe {recipe} ({says}).
The router {v} the appliance's port {port}, where nothing listens until you start something. Try:
  scripts/lab run{n}                                        start Kindgate in the appliance
  scripts/lab exec{n} tablet -- dig www.youtube.com         ask as the tablet (the router is its resolver)
  scripts/lab exec{n} laptop -- dig @192.168.77.2 example.com       … past the router
  scripts/lab exec{n} appliance -- dig @198.51.100.53 example.com   ask the internet's resolver
  scripts/lab shell{n} tablet
  scripts/lab recipe{n} leaky
  scripts/lab status{n}
  tail -f {queries}
  scripts/lab down{n}"""
TRY_GATEWAY = """\
Lab '{name}' is up: the box is the gateway, {kind}. Until something forwards there, no device reaches anything. Try:
  scripts/lab servers{n}                                    sites, resolvers, a proxy and echoes in the internet
  scripts/lab exec{n} appliance -- .venv/bin/kindgate run --config FILE    with a section `gateway`
  scripts/lab exec{n} tablet -- dig @{box} www.youtube.com
  scripts/lab exec{n} tablet -- curl -k https://www.youtube.com/
  scripts/lab status{n}
  scripts/lab down{n}"""


def main(argv: list[str], about: str) -> int:
    """Do what the arguments say; gives the exit code. `about` is the text above the help."""
    # sudo and su may leave out the folders in which Debian keeps network tools.
    os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    # What comes after the first "--" is a command of its own, whose options and further "--" are not ours to read.
    at = argv.index("--") if "--" in argv else len(argv)
    parser = _parser(about)
    arguments = parser.parse_args(argv[:at])
    arguments.command = [*getattr(arguments, "command", []), *argv[at + 1 :]]
    if arguments.do is _exec and not arguments.command:
        parser.error("exec HOST -- CMD: which command?")
    try:
        code: int = arguments.do(arguments)
    except (LabError, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser(about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/lab", description=about, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default="lab", help="which lab, as several can stand side by side (default: lab)")

    def command(name: str, do: object, says: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[named], help=says, description=says, allow_abbrev=False)
        made.set_defaults(do=do)
        return made

    _add_router_options(up := command("up", _up, "build a lab"))
    up.add_argument("--recipe", choices=router.RECIPES, default="both", help=_recipe_help())
    up.add_argument("--record", action="append", default=[], metavar="'NAME TYPE DATA'", help="one more DNS record")
    up.add_argument("--wildcard", action="append", default=[], metavar="ADDRESS", help="the answer for other names")
    kinds = [kind.value for kind in gateway.Kind]
    up.add_argument("--gateway", choices=kinds, default="", help="the home in which all traffic goes through the box")
    up.add_argument("--dhcp", action="store_true", help="with --gateway: devices have no addresses until given one")
    command("down", _down, "remove a lab, whole or in pieces")
    command("status", _status, f"say what runs (exit code {NOT_UP} when the lab is not up)")
    command("house", _house, "print an example house that names the lab's devices")
    _add_router_options(recipe := command("recipe", _recipe, "switch the running router"))
    recipe.add_argument("recipe", choices=router.RECIPES, help=_recipe_help())
    upstream = command("upstream", _upstream, "stop or start the internet's resolver")
    upstream.add_argument("order", choices=["stop", "start"])
    for name, do, says in (("exec", _exec, "run a command in a host"), ("shell", _shell, "open a shell in a host")):
        made = command(name, do, says)
        made.add_argument("host", choices=net.EVERY_NAME)
        if do is _exec:
            made.add_argument("command", nargs="*", metavar="-- CMD", help="the command; its exit code is passed on")
    command("servers", _servers, "run the internet's servers of a lab with --gateway, until Ctrl-C")
    run = command("run", _run, "run Kindgate in the appliance (arguments after -- go to scripts/run)")
    run.add_argument("command", nargs="*", metavar="-- ARGS")
    capture = commands.add_parser("capture", help="(used by up) record the queries that arrive on an interface")
    capture.add_argument("interface")
    capture.add_argument("path", type=Path)
    capture.set_defaults(do=_capture)
    return parser


def _recipe_help() -> str:
    return "what the router tells the appliance: " + "; ".join(f"{r.name}: {r.says}" for r in router.RECIPES.values())


def _add_router_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--forward-to", choices=router.FORWARD_TO, help="by which address of the appliance")
    parser.add_argument("--port", type=_port, help="the appliance's DNS port (53 at first)")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65_536:
        raise argparse.ArgumentTypeError(f"not a port: {text}")
    return int(text)


def _up(arguments: argparse.Namespace) -> int:
    # A `kill` in the middle, too, takes down what was made.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    lab = Lab(arguments.name)
    settings = Settings(
        recipe=arguments.recipe,
        forward_to=arguments.forward_to or "v4",
        port=arguments.port or 53,
        records=tuple(arguments.record),
        wildcards=tuple(arguments.wildcard),
        gateway=arguments.gateway,
        dhcp=arguments.dhcp,
    )
    if settings.dhcp and not settings.gateway:
        raise LabError("--dhcp is for a lab with --gateway")
    if not lab.up(settings):
        print(f"Lab '{lab.name}' is up already.")
        return 0
    n = "" if lab.name == "lab" else f" --name {lab.name}"
    if settings.gateway:
        print(TRY_GATEWAY.format(name=lab.name, kind=settings.gateway, n=n, box=settings.hosts["appliance"].v4))
        return 0
    recipe = router.RECIPES[settings.recipe]
    print(
        TRY.format(
            name=lab.name,
            recipe=recipe.name,
            says=recipe.says,
            v="rewrites port 53 to" if recipe.options is None else "forwards to",
            port=settings.port,
            n=n,
            queries=lab.queries,
        )
    )
    return 0


def _down(arguments: argparse.Namespace) -> int:
    for stranger in Lab(arguments.name).down():
        print(f"lab: left alone, as the lab didn't start it: {stranger}", file=sys.stderr)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    lab = Lab(arguments.name)
    settings = lab.settings()
    hosts = net.existing(lab.name)
    if settings is None or not set(settings.hosts) <= set(hosts):
        remains = f"; remains of it: {', '.join(hosts) or lab.state}" if hosts or lab.state.exists() else ""
        print(f"Lab '{lab.name}' is not up{remains}.")
        return NOT_UP
    does = f"recipe {settings.recipe} to {settings.forward_to} port {settings.port}"
    print(f"Lab '{lab.name}' is up: {f'the box is the gateway, {settings.gateway}' if settings.gateway else does}.")
    for host in settings.hosts.values():
        print(f"  {host.name:10} {host.mac}  {host.v4:14} {host.v6:9} {net.namespace(lab.name, host.name)}")
    for service, pid in lab.running().items():
        print(f"  {service:10} {f'runs as process {pid}' if pid else 'does not run'}")
    print(f"  state in {lab.state}")
    return 0


def _house(_: argparse.Namespace) -> int:
    print(EXAMPLE_HOUSE, end="")
    return 0


def _recipe(arguments: argparse.Namespace) -> int:
    Lab(arguments.name).set_router(arguments.recipe, arguments.forward_to, arguments.port)
    return 0


def _upstream(arguments: argparse.Namespace) -> int:
    lab = Lab(arguments.name)
    if arguments.order == "stop":
        lab.stop_upstream()
    else:
        lab.start_upstream()
    return 0


def _exec(arguments: argparse.Namespace) -> int:
    return _become(arguments.name, arguments.host, arguments.command)


def _shell(arguments: argparse.Namespace) -> int:
    os.environ["PS1"] = f"{arguments.host}@{arguments.name}# "
    return _become(arguments.name, arguments.host, ["bash", "--norc", "-i"])


def _run(arguments: argparse.Namespace) -> int:
    here, upstream = Lab(arguments.name).require_up().hosts["appliance"], net.INTERNET.v4
    _need_python()
    fixed = ["--dns", f"{here.v4}:53", "--dns", f"[{here.v6}]:53", "--upstream", upstream]
    return _become(arguments.name, here.name, [str(KINDGATE_RUN), *fixed, *arguments.command])


def _servers(arguments: argparse.Namespace) -> int:
    plan = Lab(arguments.name).require_up().plan
    if plan is None:
        raise LabError("the internet's servers are for a lab with --gateway")
    _need_python("dev")
    python = LAB_SCRIPT.parents[1] / ".venv/bin/python"
    folder = Lab(arguments.name).state / "servers"
    folder.mkdir(exist_ok=True)
    os.chdir(LAB_SCRIPT.parents[1])
    return _become(arguments.name, "internet", [str(python), "-m", "tests.lab.servers", str(folder)])


def _need_python(extra: str = "") -> None:
    """Make the environment out here: inside the lab there is no network to fetch anything from."""
    lib = str(LAB_SCRIPT.parent / "lib.sh")
    subprocess.run(["bash", "-c", '. "$1" && need_python $2', "lab", lib, extra], check=True)


def _become(name: str, host: str, argv: list[str]) -> int:
    net.require_root()
    if host not in Lab(name).require_up().hosts:
        raise LabError(f"lab '{name}' has no {host}")
    sys.stdout.flush()
    command = net.inside(name, host, argv)
    os.execvp(command[0], command)


def _capture(arguments: argparse.Namespace) -> int:
    sniffer.capture(arguments.interface, arguments.path)
    return 0

"""Fuzzes one parser until told to stop.

python -m scripts.fuzzlib.one NAME [OPTIONS OF LIBFUZZER] FOLDER
"""

import importlib
import sys


def main(name: str, options: list[str]) -> None:
    """Never returns: libFuzzer ends the process, with a status other than 0 where the parser let something out."""
    atheris = importlib.import_module("atheris")
    # What is imported here for the first time is rewritten to tell which branches were walked.
    inside = ["appliance.core.wire", "appliance.core.flows", "appliance.core.signs", "appliance.world.capture"]
    inside += [
        f"appliance.core.{each}" for each in ("answers", "query", "reply", "delivery", "ech", "rebinding", "names")
    ]
    with atheris.instrument_imports(include=inside):
        parsers = importlib.import_module("scripts.fuzzlib.parsers")
    atheris.Setup([name, *options], parsers.PARSERS[name].read)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

"""Fuzzes one parser until told to stop.

python -m scripts.fuzzlib.one NAME [OPTIONS OF LIBFUZZER] FOLDER
"""

import importlib
import sys


def main(name: str, options: list[str]) -> None:
    """Never returns: libFuzzer ends the process, with a status other than 0 where the parser let something out."""
    atheris = importlib.import_module("atheris")
    # What is imported here for the first time is rewritten to tell which branches were walked.
    with atheris.instrument_imports(include=["appliance.core.wire", "appliance.world.capture"]):
        parsers = importlib.import_module("scripts.fuzzlib.parsers")
    atheris.Setup([name, *options], parsers.PARSERS[name].read)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

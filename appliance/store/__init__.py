"""What the box remembers: three SQLite files, and the only SQL in the product."""

import importlib
import sys


def _load_without_numpy() -> None:
    """Load sqlite-utils, which would else load NumPy where that is installed, and use it for nothing here.

    NumPy comes with the classifier's ONNX Runtime, for one process alone; in each daemon it is 12 MB, and a third of a
    second at its start.
    """
    if "numpy" in sys.modules:
        return
    sys.modules["numpy"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("sqlite_utils.db")
    finally:
        del sys.modules["numpy"]


_load_without_numpy()

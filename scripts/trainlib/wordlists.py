"""The words in `words.yaml` that training makes names of, or keeps out of sight."""

from pathlib import Path

import yaml

WORDLISTS: dict[str, list[str]] = {
    key: text.split() for key, text in yaml.safe_load(Path(__file__).with_name("words.yaml").read_text("utf-8")).items()
}
"""What each list is for stands there."""

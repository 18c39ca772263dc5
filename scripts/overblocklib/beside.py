"""The same count for the bulk lists of the test data, which no house subscribes to: printed, and written nowhere."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from appliance.core import names
from scripts.overblocklib.pool import KINDS, Pool
from scripts.overblocklib.score import closed_of, index, lines_of, of_plain_names

TAGGED = "bulk/blocklist_tagged.tsv.gz"
PLAIN = "lists/*doh*.txt.gz"
ALL = "all together"
MEANT = {
    "ads_tracking": "trackers_ads", "adult": "pornography", "bypass": "bypass_vpn", "dating": "dating",
    "drugs": "drugs_sale", "gambling": "gambling", "games": "browser_games", "malware_phishing": "malware_phishing",
    "social": "social_media", "typosquat": "malware_phishing", "violence_hate": "hate_extremism",
}  # fmt: skip
"""The tagged list's categories, as ours."""


def told(data: Path, pool: Pool) -> Iterator[str]:
    """Yield a line for each category of the tagged list, one for all of it, and one for each list of resolvers."""
    wanted = {above for name in pool.kinds for above in names.parents(f"www.{name}")}
    by_category: dict[str, set[str]] = defaultdict(set)
    sizes: dict[str, int] = defaultdict(int)
    for line in lines_of(data / TAGGED):
        name, _, category = line.partition("\t")
        for key in (category, ALL):
            sizes[key] += 1
            if name in wanted:
                by_category[key].add(name)
    for category in sorted(sizes, key=lambda one: -sizes[one]):
        meant = pool.meant(MEANT.get(category))
        yield _line(f"bulk list, {category}", sizes[category], by_category[category], meant)
    for path in sorted(data.glob(PLAIN)):
        listed = {line for line in lines_of(path) if line and line[0] not in "#!"}
        yield _line(path.name, len(listed), listed, pool.meant(None))


def _line(title: str, size: int, listed: set[str], meant: Mapping[str, str]) -> str:
    closed = closed_of(meant, of_plain_names(listed))
    counts = ", ".join(f"{sum(kind == one for kind in closed.values())} {one}" for one in KINDS)
    return f"{title}: closes {index(len(closed), len(meant))} of 1,000 ({counts}); {size} names"

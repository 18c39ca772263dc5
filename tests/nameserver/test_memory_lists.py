"""What a worker remembers of a name by what lists say of it."""

from datetime import UTC

from appliance.core import policy
from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.subscription import Subscription
from appliance.nameserver.counts import Counts
from appliance.nameserver.memory import Memory
from appliance.nameserver.tally import Cell, Key
from tests.core.listings import list_set
from tests.nameserver.inside import book, bundled, contract

LISTS = (
    Subscription(id="games", name="Games", category="browser_games"),
    Subscription(id="bad", name="Bad", category="malware_phishing"),
    Subscription(id="spies", name="Spies", category="stalkerware"),
    Subscription(id="ads", name="Ads"),
)
TEXTS = {
    "games": "game.example",
    "bad": "bad.example\nspy.example",
    "spies": "spy.example",
    "ads": "banner.example\ntiktok.com",
}
HOUSE = House(
    persons=(Person(id="kim", name="Kim", band="6-9"),),
    devices=(Device(id="tablet", person="kim", addresses=("192.0.2.1",)),),
    lists=LISTS,
)
POLICY = policy.compile(HOUSE, book(), (bundled(),), UTC, lists=list_set(LISTS, TEXTS))
AT = 1_772_632_861.5


def noted(name: str) -> tuple[Memory, Counts, Cell]:
    """Decide a name for the child's tablet and note it."""
    counts = Counts()
    made = Memory(contract(), counts)
    made.adopt(HOUSE)
    subject = POLICY.of_device("tablet")
    verdict = policy.decide(POLICY, subject, name, None, AT)
    return made, counts, made.note(POLICY, subject, "tablet", (name, verdict), AT, 100.0)


def test_a_name_is_counted_by_the_category_that_a_list_gave() -> None:
    """Open or blocked; a block by a list without one as what the name is."""
    expected = [
        ("game.example", Key("kim", "6-9", "browser_games", "allow")),
        ("bad.example", Key("kim", "6-9", "malware_phishing", "block", "bad.example")),
        ("banner.example", Key("kim", "6-9", "unclassified", "block", "banner.example")),
        ("tiktok.com", Key("kim", "6-9", "social_media", "block", "tiktok.com")),
    ]
    for name, key in expected:
        _, counts, cell = noted(name)
        cell.add()
        assert counts.tally.news() == [(key, 1)]


def test_malware_of_a_list_is_told_to_caregivers() -> None:
    """As malware that the box knows."""
    made = noted("bad.example")[0]
    assert made.happened() == [("kim", "malware_phishing", "tablet", AT)]


def test_what_a_list_says_is_the_childs_alone_stays_so() -> None:
    """Though another list gave the reason: no caregiver learns that somebody looks for who spies on them."""
    made, counts, cell = noted("spy.example")
    cell.add()
    assert (made.happened(), counts.tally.news(), made.entries(None, "kim", AT)) == ([], [], [])

"""A worker's lists, led by hand as the daemon leads it."""

from pathlib import Path

from appliance.core.house import House
from appliance.core.subscription import Subscription
from appliance.household.lists import set_file
from appliance.nameserver.link import Adopt, InForceNow, ListsNow, TakeLists
from appliance.world.listfile import digest_of
from tests.fakes import REAL, fake_upstream
from tests.listed import LIST, built, many, publish
from tests.nameserver.inside import in_loop, snapshot_of
from tests.nameserver.test_worker import Led, led

ADS, NEWS = "ads.example", "news.example"
HOUSE = snapshot_of(House(lists=(Subscription(id=LIST, name="Ads"),)))
SHUT, OPEN = ["0.0.0.0"], [REAL]


def tell(worker: Led, data: Path, digest: str) -> None:
    """Tell a worker to run the lists of a data folder."""
    worker.link.tell(TakeLists(str(set_file(data)), digest))


async def taken(worker: Led) -> ListsNow:
    """Return which lists it runs then."""
    told = await worker.next(ListsNow)
    assert isinstance(told, ListsNow)
    return told


@in_loop
async def test_lists_before_the_first_question(tmp_path: Path) -> None:
    """A worker that is told lists and a house at once listens when it runs both."""
    digest = publish(tmp_path, *many(20_000), f"0.0.0.0 {ADS}")
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            tell(worker, tmp_path, digest)
            worker.link.tell(Adopt(HOUSE.text))
            assert await worker.seen(ADS) == SHUT
            assert await taken(worker) == ListsNow(digest)
    assert fake.asked == []


@in_loop
async def test_lists_come_and_go(tmp_path: Path) -> None:
    """It says each time which it runs, and answers by them over UDP and TCP; a new house keeps them."""
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            await worker.adopt(HOUSE.text)
            for line, expected in ((ADS, SHUT), (NEWS, OPEN), (f"||{ADS}^", SHUT)):
                digest = publish(tmp_path, line)
                tell(worker, tmp_path, digest)
                assert await taken(worker) == ListsNow(digest)
                assert [await worker.seen(ADS), await worker.seen(ADS, is_tcp=True)] == [expected] * 2
            assert isinstance(await worker.adopt(HOUSE.text), InForceNow)
            assert await worker.seen(ADS) == SHUT
            tell(worker, tmp_path, "")
            assert await taken(worker) == ListsNow("")
            assert await worker.seen(ADS) == OPEN


@in_loop
async def test_lists_that_can_not_be_run(tmp_path: Path) -> None:
    """They are reported, and those before stay; also where the file went before it was opened."""
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            await worker.adopt(HOUSE.text)
            good = publish(tmp_path, ADS)
            tell(worker, tmp_path, good)
            assert await taken(worker) == ListsNow(good)
            other = publish(tmp_path, NEWS)
            path = set_file(tmp_path)
            for damage in (path.read_bytes()[:-1], b"", None):
                path.write_bytes(damage) if damage is not None else path.unlink()
                tell(worker, tmp_path, other)
                told = await taken(worker)
                assert (told.digest, bool(told.problem)) == (good, True)
                assert [await worker.seen(ADS), await worker.seen(NEWS)] == [SHUT, OPEN]
            assert publish(tmp_path, NEWS) == other
            tell(worker, tmp_path, other)
            assert await taken(worker) == ListsNow(other)
            assert [await worker.seen(ADS), await worker.seen(NEWS)] == [OPEN, SHUT]


@in_loop
async def test_lists_told_faster_than_they_are_opened(tmp_path: Path) -> None:
    """The last ones are in force in the end, and each report is of what is run."""
    path = set_file(tmp_path)
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            await worker.adopt(HOUSE.text)
            for number in range(20):
                tell(worker, tmp_path, publish(tmp_path, ADS if number % 2 else NEWS, f"name{number}.example"))
            last = digest_of(path)
            while (told := await taken(worker)).digest != last:
                assert told.problem is None
            assert [await worker.seen(ADS), await worker.seen(NEWS)] == [SHUT, OPEN]


def test_built_alike() -> None:
    """The same lines are the same file, so that nothing is swapped where nothing changed."""
    assert built(ADS, NEWS) == built(ADS, NEWS) != built(NEWS, ADS)

"""The labels process: says what new names look like, to workers of the nameserver and to pages; it alone has the model.

A child of the steward, on a socket of its own (`labels`), over which a client may ask one thing after another:

- ``{"ask": "guess", "names": [..]}`` → ``guesses``: of each name in order, category and probability of what it may be,
  the likeliest first, as far as that matters to anybody: ``[[["gambling", 0.97]], []]``;
- ``{"ask": "explain", "name": N, "category": C}`` → ``words``: what the category is called after "looks like";
  ``parts`` of the name that say so, the strongest first; ``score``: how probable it is;
- ``{"ask": "status"}`` → ``pid``; ``version`` of the model, null without one; ``problem``: why nothing can be guessed,
  in words, null where all is well; ``counts`` of names: ``asked``, of them ``remembered``, and ``refused``.

What it said is remembered for a day, by the hash of the site with a key of this process: in memory alone.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from appliance.core.guesses import Guesses, Memory
from appliance.core.riskmodel import RiskModel, RiskModelError
from appliance.household.labels import NAME
from appliance.steward.labelling import Told
from appliance.world import bus, clock, model
from appliance.world.life import die_with_parent
from appliance.world.link import Link

MAX_NAMES = 64
"""In one request."""
MAX_OCTETS = 1_100
"""Of a name, odd octets as they are written."""
KEY_OCTETS = 32
STAY_S = 86_400.0
"""How long a client may be silent: a house may sleep, and nobody asks for anything new."""
MAX_CLIENTS = 64
BEAT_S = 1.0
RELOAD_S = 60.0
"""How often it is tried again to load a model that could not be loaded."""
SWEEP_S = 600.0
NICE = 10

USERS = {"guess": frozenset(("kindgate-nameserver", "kindgate-web")), "explain": frozenset(("kindgate-web",))}

log = logging.getLogger(__name__)


class Model(Protocol):
    """What is asked of a `world.labels.Classifier`."""

    classes: tuple[str, ...]
    version: str

    def score(self, asked: Sequence[str]) -> list[tuple[float, ...] | None]:
        """Return the probabilities of the classes for each name."""

    def reasons(self, name: str, class_: str) -> list[str]:
        """Return the parts of a name that say so."""


class Unusable(Exception):
    """The model can't be used: its words say why."""


Load = Callable[[], tuple[RiskModel, Model]]
"""Returns a model and what is said of it, or raises Unusable."""
Site = Callable[[str], str | None]
"""A name to what all names of one site have in common, None for what can't be scored."""


class Refused(ValueError):
    """A request that can't be answered: its words say why."""


class Labeller:
    """Answers requests by a model, as soon as it has one."""

    def __init__(self, load: Load, site: Site) -> None:
        """Load the model, or know why that can't be."""
        self._load = load
        self._site = site
        self._memory = Memory(os.urandom(KEY_OCTETS))
        self._counts = dict.fromkeys(("asked", "remembered", "refused"), 0)
        self._card: RiskModel | None = None
        self._model: Model | None = None
        self._tried_at = self._swept_at = 0.0
        self.problem: str | None = None
        self.load()

    @property
    def version(self) -> str | None:
        """The version of the model, None without one."""
        return None if self._card is None else self._card.version

    def load(self) -> None:
        """Load the model."""
        self._tried_at = clock.uptime()
        try:
            self._card, self._model = self._load()
        except Unusable as error:
            self.problem = str(error)
            log.warning("nothing is guessed at: %s", error)
        else:
            self.problem = None

    def tend(self) -> None:
        """Do what is to be done now and then: forget what is too old, try again to load what could not be loaded."""
        now = clock.uptime()
        if self.problem is not None and now - self._tried_at > RELOAD_S:
            self.load()
        if now - self._swept_at > SWEEP_S:
            self._swept_at = now
            self._memory.sweep(clock.now())

    def answer(self, request: dict[str, object]) -> object:
        """Answer a request of the bus."""
        try:
            match request.get("ask"):
                case "guess":
                    return {"bus": bus.VERSION, "guesses": self._guess(request.get("names"))}
                case "explain":
                    return {"bus": bus.VERSION} | self._explain(request.get("name"), request.get("category"))
                case "status":
                    told = {"pid": os.getpid(), "version": self.version, "problem": self.problem}
                    return {"bus": bus.VERSION} | told | {"counts": self._counts}
                case _:
                    return self._refused("unknown request")
        except Refused as error:
            return self._refused(str(error))

    def _refused(self, words: str) -> object:
        self._counts["refused"] += 1
        return {"bus": bus.VERSION, "error": words}

    def _guess(self, names: object) -> list[Guesses]:
        """Return what names may be, in order. Raises Refused."""
        card, scorer = self._ready()
        if not isinstance(names, list) or len(names) > MAX_NAMES or not all(map(_is_name, names)):
            raise Refused(f"names are up to {MAX_NAMES} names")
        at = clock.now()
        sites = [self._site(name) for name in names]
        name_of = {site: name for site, name in zip(sites, names, strict=True) if site is not None}
        found = {site: self._memory.get(site, at) for site in name_of}
        fresh = [site for site, guesses in found.items() if guesses is None]
        scored = scorer.score([name_of[site] for site in fresh]) if fresh else []
        for site, scores in zip(fresh, scored, strict=True):
            found[site] = card.guesses(scores, card.least)
            self._memory.put(site, found[site] or (), at)
        self._counts["asked"] += len(names)
        self._counts["remembered"] += len(found) - len(fresh)
        return [(found[site] or ()) if site is not None else () for site in sites]

    def _explain(self, name: object, category: object) -> dict[str, object]:
        """Return why a name looks like a category. Raises Refused."""
        card, scorer = self._ready()
        if not _is_name(name):
            raise Refused("name is a name")
        classes = [(number, one.id) for number, one in enumerate(card.classes) if one.category == category]
        if category is None or not classes:
            raise Refused("category is one that the model knows")
        (scores,) = scorer.score([str(name)])
        if scores is None:
            return {"words": card.words(str(category)), "parts": [], "score": 0.0}
        number, class_ = max(classes, key=lambda one: scores[one[0]])
        parts = scorer.reasons(str(name), class_)
        return {"words": card.words(str(category)), "parts": parts, "score": scores[number]}

    def _ready(self) -> tuple[RiskModel, Model]:
        if self._card is None or self._model is None:
            raise Refused(self.problem or "there is no model")
        return self._card, self._model


def _is_name(name: object) -> bool:
    return isinstance(name, str) and len(name) <= MAX_OCTETS


def load(folder: Path | None) -> tuple[RiskModel, Model]:
    """Return the model of a folder, by default the bundled one. Raises Unusable."""
    try:
        from appliance.world import labels  # noqa: PLC0415 -- that it can't be loaded is to be said, too

        found = labels.Classifier.load(folder)
        card = model.load_model_card(folder)
    except RiskModelError as error:
        raise Unusable(str(error)) from error
    except Exception as error:
        raise Unusable(str(error) or type(error).__name__) from error
    if found.classes != tuple(one.id for one in card.classes):
        raise Unusable("the classes of the model are not those of its card")
    return card, found


def site_of(name: str) -> str | None:
    """Return what the score of a name is made of: what somebody registered, whatever stands before it."""
    from appliance.world import labels  # noqa: PLC0415 -- as above

    parts = labels.parts_of(name)
    return None if parts is None else ".".join(parts)


async def _main(fd: int, data: Path, folder: Path | None) -> None:
    """Answer until the steward hangs up. Raises OSError where there can be no socket."""
    link = await Link.over(socket.socket(fileno=fd))
    labeller = Labeller(lambda: load(folder), site_of)
    opened = bus.Bus(data, NAME, labeller.answer, USERS, stay_s=STAY_S, clients=MAX_CLIENTS)
    await opened.open()
    gc.collect()
    gc.freeze()
    beating = asyncio.create_task(_beat(link, labeller, opened))
    async for _ in link.hear(msgspec.json.Decoder(Told)):
        pass
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
    await opened.leave()


async def _beat(link: Link, labeller: Labeller, opened: bus.Bus) -> None:
    """Tell the steward every second how it is, and listen still."""
    while True:
        link.tell(Told(labeller.version, labeller.problem))
        await asyncio.sleep(BEAT_S)
        await opened.mend()
        labeller.tend()


def main() -> None:
    """Run on the link whose file descriptor is the first argument, with a data folder, and perhaps a model's folder."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Before NumPy is loaded: a second thread would do nothing here but take memory.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with contextlib.suppress(OSError):
        # Whoever answers goes before who guesses; a unit of systemd says so itself, and lets nobody change it.
        os.nice(max(0, NICE - os.nice(0)))
    with contextlib.suppress(OSError):
        # Where memory runs out, this goes first: answers go on without it.
        Path("/proc/self/oom_score_adj").write_text("600", "ascii")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s labels: %(message)s", stream=sys.stderr)
    fd, data, *folder = sys.argv[1:]
    asyncio.run(_main(int(fd), Path(data), Path(folder[0]) if folder else None))


if __name__ == "__main__":
    main()

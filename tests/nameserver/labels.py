"""A labels process inside the test's own: it records what it is asked, and answers when it may."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from appliance.core.guesses import Guess, Guesses
from appliance.household.labels import NAME
from appliance.nameserver.guessing import Guessing
from appliance.world.bus import Bus

CASINO, PILLS, PLAIN = "big-casino.example", "cheap-pills.example", "gardening.example"
GUESSED: Mapping[str, Guesses] = {
    CASINO: (Guess("gambling", 0.97),),
    PILLS: (Guess("drugs_sale", 0.99), Guess("gambling", 0.02)),
}
THRESHOLDS = {"gambling": dict.fromkeys(("6-9", "10-12", "13-15"), 0.9), "drugs_sale": {"6-9": 0.995, "10-12": 0.9}}


class Labels:
    """Answers for a labels process."""

    def __init__(self, guessed: Mapping[str, Guesses] = GUESSED) -> None:
        self.guessed = dict(guessed)
        self.asked: list[list[str]] = []
        """The names of each request."""
        self.statuses = 0
        self.came = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.problem: str | None = None
        self.answer: object = None
        """In place of guesses."""

    @property
    def names(self) -> list[str]:
        """All that it was asked about."""
        return [name for names in self.asked for name in names]

    async def serve(self, request: dict[str, Any]) -> object:
        """Answer a worker."""
        if request["ask"] == "status":
            self.statuses += 1
            return {"bus": 1, "problem": self.problem}
        assert request["ask"] == "guess"
        self.asked.append(request["names"])
        self.came.set()
        await self.may_answer.wait()
        guesses = [self.guessed.get(name, ()) for name in request["names"]]
        return {"bus": 1, "guesses": guesses} if self.answer is None else self.answer


@asynccontextmanager
async def labelling(data: Path) -> AsyncIterator[Labels]:
    """Give a labels process."""
    labels = Labels()
    opened = Bus(data, NAME, labels.serve, stay_s=60.0)
    await opened.open()
    try:
        yield labels
    finally:
        labels.may_answer.set()
        await opened.leave()


async def fed(guessing: Guessing, *, is_fed: bool = True) -> None:
    """Wait until a worker has somebody to ask, or nobody any more."""
    async with asyncio.timeout(10):
        while guessing._memory.is_fed is not is_fed:  # noqa: ASYNC110 -- over a socket
            await asyncio.sleep(0.005)

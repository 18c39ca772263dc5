"""A house with lists that lie here and are built, as the steward leaves them."""

import gzip
from collections.abc import Mapping

from msgspec.structs import replace

from appliance.core.lists.build import Known, Source, build
from appliance.core.subscription import ListKind, Subscription
from appliance.core.verdict import Reason
from appliance.household.lists import Phase, Standing, Status, folder, save_standing, set_file, source_file
from appliance.web.box import Box
from appliance.world.listfile import publish_set
from appliance.world.patterns import compile_patterns
from tests.web.conftest import OWNER

HELP_LINE, NEEDED, KNOWN_SITE = "nummergegenkummer.de", "pool.ntp.org", "wikipedia.org"
KNOWN = Known(
    help_lines=frozenset({HELP_LINE}), information=frozenset(), infrastructure=frozenset({NEEDED}),
    popular=frozenset({KNOWN_SITE}),
)  # fmt: skip


def subscribed(box: Box, texts: Mapping[Subscription, str], who: str = OWNER) -> Standing:
    """Have a house with these lists, built of these texts and fetched an hour ago."""
    lists = tuple(texts)
    box.household.say(who, Reason.of("list_added"), lambda house: replace(house, lists=lists), box.now() - 7_200)
    return stand(box, texts)


def stand(box: Box, texts: Mapping[Subscription, str], said: Mapping[str, Status] | None = None) -> Standing:
    """Put the file of all lists in its place, and how they stand; `said`: by id, what differs from all being well."""
    sources = folder(box.data) / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    for one, text in texts.items():
        source_file(box.data, one.id).write_bytes(gzip.compress(text.encode()))
    on = [
        Source(
            id=one.id, lines=text.splitlines(), is_allow=one.kind is ListKind.ALLOW, syntax=one.syntax,
            subdomains=bool(one.subdomains), redirects=one.redirects, wide=one.wide,
        )
        for one, text in texts.items()
        if one.on
    ]  # fmt: skip
    built = build(on, KNOWN, compile_patterns)
    at = box.now() - 3_600
    well = {
        one.id: Status(
            phase=Phase.READY, octets=len(text), tried_at=at, fetched_at=at, changed_at=at - 86_400,
            report=built.reports.get(one.id),
        )
        for one, text in texts.items()
    }  # fmt: skip
    standing = Standing(
        digest=publish_set(set_file(box.data), built.octets), built_at=at, lists=well | dict(said or {})
    )
    save_standing(box.data, standing)
    return standing

"""How a reason reads: codes and arguments of core as sentences, in the house's language."""

from collections.abc import Mapping

import msgspec

from appliance.core.catalogue import SERVICE_TAG
from appliance.core.clocktrust import Doubt
from appliance.core.house import NEVER_LIFTED, House
from appliance.core.rulebook import Rulebook
from appliance.core.said import CATEGORY, EVERYTHING, GROUP, SERVICE
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.verdict import Reason

ENGLISH: dict[str, str] = {
    "help": "Help lines are always open, and nobody sees who asked.",
    "infrastructure": "Every device needs this to be online at all.",
    "malware": "This name is known for malware or phishing.",
    "malware_list": "This name is known for malware or phishing, by the list {list}.",
    "rebinding": "The answer leads into this home, where no name of the internet should.",
    "hard": "Closed at this age: {category}. Two caregivers together can lift it.",
    "hard_nobody": "Blocked on every device, and nobody can lift it: {category}.",
    "hard_adult": "Blocked on every device: {category}.",
    "pause": "The Internet is paused.",
    "grant": "Opened by a caregiver for a while: {what}.",
    "grant_everything": "A caregiver opened everything for a while.",
    "update": "Updates go on during a pause.",
    "clock": "The box doesn't know what time it is yet, and so it is as at bedtime.",
    "window": "It is {window} now.",
    "window_block": "Closed during {window}.",
    "window_allow": "Open during {window}.",
    "budget": "The time for {what} is used up.",
    "budget_week": "The time for {what} is used up for this week.",
    "budget_everything": "The time for today is used up.",
    "budget_everything_week": "The time for this week is used up.",
    "own_allow": "A caregiver allowed {name}.",
    "own_block": "A caregiver blocked {name}.",
    "only": "A caregiver said which names this device may reach, and this is none of them.",
    "only_allow": "A caregiver said that this device may reach this name.",
    "protected": "Protected information ({category}): no list blocks it and nothing logs it.",
    "bypass": "This would lead around the rules of this house: {category}.",
    "bypass_hidden": "It was not said where this leads, and so it can't be told from a way around the rules.",
    "bypass_disguised": "This named two sites, and so it can't be told which one it leads to.",
    "engine_block": "{engine} is closed in the settings of safe search.",
    "service_block": "A caregiver blocked {service}.",
    "service_ask": "{service} is open after asking a caregiver.",
    "service_allow": "A caregiver allowed {service}.",
    "category_block": "Blocked at this age: {category}.",
    "category_block_person": "Blocked by a caregiver: {category}.",
    "category_block_unknown": "Blocked on devices that nobody named yet: {category}.",
    "category_ask": "Open after asking a caregiver: {category}.",
    "category_allow": "Allowed: {category}.",
    "list_allow": "The list {list} allows this name.",
    "list_block": "The list {list} blocks this name.",
    "list_rewrite": "The list {list} gives another answer for this name.",
    "classifier": "This name is new and looks risky: {category}. Ask a caregiver.",
    "default_allow": "No rule speaks against this name.",
    "default_ask": "New sites are open after asking a caregiver.",
    "default_block": "At this age only names on the allow-list are open.",
    "closed": "This device is not known here yet: a caregiver can add it.",
}
"""For a caregiver, and where nobody knows who reads: in the reply to the device."""
FOR_CHILD: dict[str, str] = {
    "help": "Help is always open. Nobody sees that you asked.",
    "infrastructure": "Your device needs this to be online.",
    "malware": "This site is known to harm devices or to steal passwords.",
    "malware_list": "This site is known to harm devices or to steal passwords.",
    "rebinding": "This site says that it is inside your home, and so it stays closed.",
    "hard": "This is closed for your age: {category}.",
    "hard_nobody": "This is closed for everybody: {category}.",
    "hard_adult": "This is closed for everybody here: {category}.",
    "pause": "The Internet is paused for now.",
    "grant": "A grown-up opened this for a while: {what}.",
    "grant_everything": "A grown-up opened everything for a while.",
    "update": "Updates go on while the Internet is paused.",
    "clock": "The box doesn't know what time it is yet, and so it is as at bedtime. It ends by itself.",
    "window": "It is {window} now.",
    "window_block": "This is off during {window}.",
    "window_allow": "This is open during {window}.",
    "budget": "Your time for {what} is used up.",
    "budget_week": "Your time for {what} is used up for this week.",
    "budget_everything": "Your time for today is used up.",
    "budget_everything_week": "Your time for this week is used up.",
    "own_allow": "A grown-up opened {name} for you.",
    "own_block": "A grown-up closed {name} for you.",
    "only": "This device may only reach what a grown-up chose for it, and this is not part of it.",
    "only_allow": "A grown-up chose this for this device.",
    "protected": "You may always read about this, and nothing writes it down: {category}.",
    "bypass": "This goes around the rules of your home: {category}.",
    "bypass_hidden": "It was not said where this leads, so the box can't tell whether it is open for you. You can ask.",
    "bypass_disguised": "This named two sites, so the box can't tell which one it leads to. You can ask.",
    "engine_block": "{engine} is closed for you.",
    "service_block": "A grown-up closed {service} for you.",
    "service_ask": "You can ask for {service}.",
    "service_allow": "A grown-up opened {service} for you.",
    "category_block": "This is closed for your age: {category}. You can ask.",
    "category_block_person": "A grown-up closed this for you: {category}. You can ask.",
    "category_block_unknown": "Nobody has said yet whose device this is, so this is closed: {category}.",
    "category_ask": "You can ask for this: {category}.",
    "category_allow": "This is open: {category}.",
    "list_allow": "This is open.",
    "list_block": "This is on a list of sites that are closed here. You can ask.",
    "list_rewrite": "This leads to another place here, as a list of your home says.",
    "classifier": "This site is new here and looks risky: {category}. We may be wrong: you can ask.",
    "default_allow": "This is open.",
    "default_ask": "This site is new here. You can ask for it.",
    "default_block": "This site is not among those that were opened for you. You can ask for it.",
    "closed": "Nobody has said yet whose device this is.",
}
"""For the child, on the own page."""
BY_LIST: dict[str, str] = {"en": "{category}, by the list {list}"}
"""A kind of site as a caregiver is told of it, where only a list says that the name is of it; a child need not know."""
DOUBTS: dict[Doubt, str] = {
    Doubt.BEHIND: "Its clock shows a time that has passed.",
    Doubt.AHEAD: "Its clock is more than a year ahead.",
    Doubt.STOOD: "Its clock stood still while the power was off, and no time server has set it since.",
    Doubt.JUMPED: "Its clock was set to another time, and not by a time server. If it is right, start the box again.",
}
"""What speaks against the clock, for a caregiver and from the doctor."""
CHANGES: dict[str, str] = {
    "first_run": "{who} set this box up.",
    "child_added": "{who} added {person}.",
    "person_changed": "{who} changed what is said of {person}.",
    "person_removed": "{who} took {person} out of the house.",
    "rule_allowed": "{who} allowed {name} for {person}{until}.",
    "rule_blocked": "{who} blocked {name} for {person}{until}.",
    "rule_removed": "{who} took away the rule about {name} for {person}.",
    "category_set": "{who} set {category} to “{setting}” for {person}.",
    "category_reset": "{who} let the age decide about {category} for {person} again.",
    "windows_set": "{who} changed the times of {person}.",
    "exception_set": "{who} set other times for {person}: {name}.",
    "exception_removed": "{who} took back other times for {person}: {name}.",
    "week_copied": "{who} gave {person} the week of another child.",
    "grace_set": "{who} set how long {person} may go on to finish: {minutes} min.",
    "paused": "{who} paused the Internet for {person}{until}.",
    "resumed": "{who} ended the pause for {person}.",
    "opened": "{who} gave {person} extra time{until}.",
    "pass_given": "{who} opened {what} for {person}{until}.",
    "pass_ended": "{who} ended early for {person}: {what}.",
    "minutes_given": "{who} gave {person} {minutes} more minutes for the day.",
    "minutes_taken": "{who} took {minutes} minutes of the day from {person}.",
    "budget_set": "{who} set minutes for {person}: {what}.",
    "budget_removed": "{who} took the minutes away that were set for {person}: {what}.",
    "uncounted_set": "{who} let the minutes of {what} not count for {person}.",
    "uncounted_removed": "{who} let the minutes of {what} count for {person}.",
    "always_on_set": "{who} keeps {what} always open for {person}.",
    "always_on_removed": "{who} no longer keeps {what} always open for {person}.",
    "unwatched_set": "{who} set what {person} gets while nobody can look: {setting}.",
    "known_names_set": "{who} set for {person} whether only known addresses may be reached: {setting}.",
    "grace_taken": "{who} took time to finish{until}.",
    "request_allowed": "{who} said yes to what was asked for {person}{until}.",
    "request_kept": "{who} keeps what was asked for closed for {person}.",
    "risky_names_on": "{who} has {person} ask first about new sites that look risky.",
    "risky_names_off": "{who} lets {person} open new sites that look risky.",
    "risky_names_reset": "{who} let the age decide about new sites that look risky for {person} again.",
    "classifier_on": "{who} has the box guess again which new sites look risky.",
    "classifier_off": "{who} has the box no longer guess which new sites look risky.",
    "classifier_reset": "{who} had the box forget what answers taught it about {category}.",
    "classifier_all_reset": "{who} had the box forget all that answers taught it about new sites.",
    "paused_device": "{who} paused {device}{until}.",
    "resumed_device": "{who} ended the pause of {device}.",
    "device_added": "{who} added {device}{for_person}.",
    "device_changed": "{who} changed {device}.",
    "device_removed": "{who} took {device} out of the house.",
    "forwarder_added": "{who} let {forwarder} say who asks.",
    "forwarder_changed": "{who} changed how {forwarder} says who asks.",
    "forwarder_removed": "{who} no longer lets {forwarder} say who asks.",
    "client_allowed": "{who} allowed the client {client}.",
    "client_blocked": "{who} blocked the client {client}.",
    "client_removed": "{who} let {client} be neither allowed nor blocked.",
    "house_set": "{who} changed the settings of the house.",
    "house_replaced": "{who} put another house in place of the one there was.",
    "house_taken_over": "{who} took over the house that was in force.",
    "caregiver_added": "{who} made {name} a caregiver.",
    "caregiver_joined": "{name} became a caregiver.",
    "caregiver_reset": "{who} gave {name} a new password.",
    "caregiver_own_reset": "{name} chose a new password.",
    "caregiver_disabled": "{who} ended the log-in of {name}.",
    "caregiver_enabled": "{who} let {name} log in again.",
    "caregiver_role": "{who} made {name} {role}.",
    "caregiver_sessions_ended": "{who} logged {name} out everywhere.",
    "service_set": "{who} set {called} to “{setting}” for {person}.",
    "service_reset": "{who} let group and age decide about {called} for {person} again.",
    "group_set": "{who} set all of {called} to “{setting}” for {person}.",
    "group_reset": "{who} let the age decide about {called} for {person} again.",
    "group_cleared": "{who} ended what was set one by one in {called} for {person}.",
    "safe_search_set": "{who} set the safe mode of {called} to “{level}” for {person}.",
    "safe_search_reset": "{who} let the age decide about the safe mode of {called} for {person} again.",
    "own_service_added": "{who} made the service {name}.",
    "own_service_changed": "{who} changed the service {name}.",
    "own_service_removed": "{who} took the service {name} away.",
    "grown": "{who} moved {person} to the rules for {ages}.",
    "lift_asked": "{who} began to lift {category} for {person}: it opens a day later, or when a second one agrees.",
    "lift_agreed": "{who} agreed as the second one: {category} is open for {person}{until}.",
    "lift_refused": "{who} said no: {category} stays closed for {person}.",
    "lift_ended": "{who} closed {category} for {person} again.",
    "malware_opened": "{who} opened {name} for the whole house{until}: it is known for malware or phishing.",
    "malware_closed": "{who} closed {name} again.",
    "list_added": "{who} added the list {name}.",
    "list_changed": "{who} changed how the list {name} is used.",
    "list_removed": "{who} took the list {name} away.",
    "list_on": "{who} turned the list {name} on.",
    "list_off": "{who} turned the list {name} off.",
    "record_added": "{who} said where {name} leads at home.",
    "record_changed": "{who} changed where {name} leads at home.",
    "record_removed": "{who} no longer has {name} answered at home.",
    "private_name_added": "{who} let names of {name} lie in the home.",
    "private_name_removed": "{who} no longer lets names of {name} lie in the home.",
    "local_domain_set": "{who} had the names of devices end in {name}.",
    "words_forgotten": "{who} forgot what was said for a while and is long over.",
    "other": "{who} changed something.",
}
"""A change by the code of its reason. `who` began it; what it names was put into words by the caller."""
SURE: dict[Confidence, str] = {
    Confidence.STRONG: "This is very likely {what}.",
    Confidence.LIKELY: "This looks like {what}.",
    Confidence.WEAK: "This may be {what}; harmless things look like it too.",
}
"""How sure a sign is."""
SIGNS: dict[str, str] = {
    "bittorrent": "file sharing with BitTorrent",
    "call": "a voice or video call",
    "dnscrypt": "an encrypted question for where a site is (DNSCrypt), which goes past this box",
    "doh": "an encrypted question for where a site is (DNS over HTTPS), which goes past this box",
    "doq": "an encrypted question for where a site is (DNS over QUIC), which goes past this box",
    "dot": "an encrypted question for where a site is (DNS over TLS), which goes past this box",
    "ech": "a connection that keeps the name of its site to itself (Encrypted Client Hello)",
    "fully_encrypted": "a connection that shows nothing of what it is, as Shadowsocks and its like do",
    "ip_tunnel": "a tunnel that carries another network's packets",
    "ipsec": "a VPN of the kind IPsec, which phones and workplaces use",
    "l2tp": "a VPN of the kind L2TP, which phones and workplaces use",
    "mesh_vpn": "a private network between devices in different places, such as Tailscale or ZeroTier",
    "openvpn": "a VPN of the kind OpenVPN",
    "pptp": "a VPN of the old kind PPTP",
    "proxy": "a proxy: another computer that fetches pages for this device",
    "psiphon": "Psiphon, a tool against censorship, or a visit to its pages",
    "relay": "a private relay, which keeps the names of sites to itself, such as that of iCloud",
    "socks": "a proxy of the kind SOCKS: another computer that opens connections for this device",
    "softether": "a VPN of the kind SoftEther",
    "stun": "a device that finds out how it can be reached, mostly for a call or a game",
    "tinc": "a VPN of the kind tinc",
    "tor": "Tor, a network that hides who visits what, or a visit to its pages",
    "turn": "a call or a game that goes through a helper in between (TURN)",
    "two_stories": "a connection that names two different sites, so that it can't be told which one it is to",
    "vpn_service": "a VPN service, or a visit to the pages of one",
    "warp": "WARP, the VPN of Cloudflare's app 1.1.1.1",
    "wireguard": "a VPN of the kind WireGuard",
}
"""What a flow looks like by the id of its sign, for caregivers; to stand in a sentence of SURE."""
HINTS: dict[str, str] = {
    "busy_without_dns": "a device that is busy and asks this box for no site, as if another one answered it",
    "dns": "a question for where a site is, which was put to another name server than this box",
    "lone_udp": "one long stream to a single place and nothing beside it, as most VPNs are",
    "mac_changed": "a device of the house that shows another hardware address, so that its rules don't find it",
    "name_pinned": "a site at an address that is not its own, as a changed hosts file makes it",
    "strange_address": "a connection to an address that this box gave for no site: with only known addresses it fails",
}
"""What isn't read from the first packets of one connection: as those of SIGNS, without a degree of sureness."""
CATALOGUES = {"en": ENGLISH}
CHILD_CATALOGUES = {"en": FOR_CHILD}
CHANGE_CATALOGUES = {"en": CHANGES}
SIGN_CATALOGUES = {"en": (SURE, SIGNS)}
HINT_CATALOGUES = {"en": HINTS}
_FINER_WAYS = frozenset(("bypass_hidden", "bypass_disguised"))
"""Kinds of ways round of which it isn't sure that they are any: sentences of their own say so."""


class Names(msgspec.Struct, frozen=True):
    """What the ids of rules and house are called by people."""

    categories: Mapping[str, str] = {}
    services: Mapping[str, str] = {}
    groups: Mapping[str, str] = {}
    engines: Mapping[str, str] = {}
    lists: Mapping[str, str] = {}

    @classmethod
    def of(cls, rulebook: Rulebook, house: House) -> "Names":
        """Return the names of the bundled rules, and of the house's own services and lists."""
        services = {id_: one.name for id_, one in rulebook.services.items()}
        return cls(
            categories={id_: one.name for id_, one in rulebook.categories.items()},
            services=services | {one.id: one.name for one in house.services},
            groups=rulebook.groups,
            engines={id_: one.name for id_, one in rulebook.engines.items()},
            lists={one.id: one.name for one in house.lists},
        )

    def thing(self, what: str) -> str:
        """Return a thing as budgets write it (``service:youtube``, a name) as people say it."""
        for prefix, names in ((SERVICE, self.services), (GROUP, self.groups), (CATEGORY, self.categories)):
            if what.startswith(prefix):
                return names.get(what.removeprefix(prefix), what.removeprefix(prefix))
        return what

    def tag(self, tag: str) -> str | None:
        """Return the name of a category or of a service's tag, None for any other tag."""
        if tag.startswith(SERVICE_TAG):
            return self.services.get(tag.removeprefix(SERVICE_TAG))
        return self.categories.get(tag)

    def word(self, key: str, value: str) -> str:
        """Return an argument of a reason as people say it."""
        if key == "what":
            return self.thing(value)
        names = {
            "category": self.categories, "service": self.services, "engine": self.engines, "list": self.lists,
        }.get(key, {})  # fmt: skip
        return names.get(value, value)


def sentence(reason: Reason, names: Names, language: str = "en", *, to_child: bool = False) -> str:
    """Return a reason as a sentence; a language without a catalogue is told in English."""
    spoken, english = (CHILD_CATALOGUES, FOR_CHILD) if to_child else (CATALOGUES, ENGLISH)
    catalogue = spoken.get(language, english)
    args = dict(reason.args)
    code = _finer(reason.code, args)
    words = {key: names.word(key, value) for key, value in args.items()}
    if "list" in words and "category" in words and not to_child:
        words["category"] = BY_LIST.get(language, BY_LIST["en"]).format_map(words)
    return catalogue.get(code, catalogue.get(reason.code, reason.code)).format_map(words)


def _finer(code: str, args: Mapping[str, str]) -> str:
    """Return the code with what of its arguments makes another sentence of it, whether or not there is one."""
    if code == "malware" and "list" in args:
        return "malware_list"
    if code == "hard" and args.get("category") == NEVER_LIFTED:
        return "hard_nobody"
    if code == "hard" and args.get("band") in ("adult", "unknown"):
        return "hard_adult"
    if code == "bypass" and args.get("category") in _FINER_WAYS:
        return args["category"]
    if code in ("category_block", "category_ask"):
        return f"{code}_{args.get('origin')}"
    if code in ("budget", "grant") and args.get("what") == EVERYTHING:
        code = f"{code}_everything"
    return f"{code}_week" if args.get("of") == "week" else code


def change(code: str, words: Mapping[str, str], language: str = "en") -> str:
    """Return a change as a sentence; `words` are its arguments as people say them, a code without words is `other`."""
    catalogue = CHANGE_CATALOGUES.get(language, CHANGES)
    return catalogue.get(code, catalogue["other"]).format_map(_Lenient(words))


def told(sign: Sign, language: str = "en") -> str:
    """Return a sign as a sentence; one of another version is told by its id."""
    sure, signs = SIGN_CATALOGUES.get(language, (SURE, SIGNS))
    return sure[sign.confidence].format(what=signs.get(sign.id, sign.id))


def way(id_: str, language: str = "en") -> str:
    """Return what a sign or a hint looks like, to stand in a sentence; one of another version is told by its id."""
    signs = SIGN_CATALOGUES.get(language, (SURE, SIGNS))[1]
    return signs.get(id_) or HINT_CATALOGUES.get(language, HINTS).get(id_, id_)


class _Lenient(dict[str, str]):
    """Words in which what was never said is left out."""

    def __missing__(self, key: str) -> str:
        return "" if key in ("until", "for_person") else "…"

"""What a box enforces, as sentences: each finding with what there is to do about it."""

from appliance.core.coverage import Holds, Topic, Way
from appliance.core.verdict import Reason

WAYS: dict[Way, str] = {
    Way.DNS: "The box answers the questions for names. It sees no connection.",
    Way.ONE_ARM: "The box is the gateway, beside the router: connections go through it.",
    Way.GATEWAY: "The box is the gateway: there is no way out but through it.",
}
TOPICS: dict[Topic, str] = {
    Topic.SITES: "Sites and apps",
    Topic.TIMES: "Bedtime and other times",
    Topic.CUTS: "Ending what is open",
    Topic.NAMELESS: "Addresses without a name",
    Topic.ENCRYPTED_DNS: "Other name servers",
    Topic.TUNNELS: "VPNs and relays",
    Topic.IPV6: "IPv6",
    Topic.MINUTES: "Minutes",
}
HOLDS: dict[Holds, str] = {
    Holds.YES: "Holds",
    Holds.PARTLY: "In part",
    Holds.NO: "Doesn't hold",
    Holds.UNKNOWN: "Not known",
    Holds.UNWANTED: "Left open",
}

_CHECK = "kindgate check tells what is wrong."

WORDS: dict[str, tuple[str, str]] = {
    "no_device": ("No device with these rules is known here, so they hold nowhere.", "Add a device."),
    "nameserver_gone": ("The name server is not running.", _CHECK),
    "nameserver_behind": ("A part of the name server doesn't run the latest rules yet.", _CHECK),
    "router_between": (
        "Questions come from a router that the box doesn't know. It may hide which device asks.",
        "Let devices ask this box directly, or list the router under House, Router.",
    ),
    "router_silent": (
        "The router does not always say which device asks. Such questions get what a device gets that nobody named.",
        "Set the router up as the README says (The router).",
    ),
    "guard_gone": ("The part that looks at connections is not running. Only names are decided.", _CHECK),
    "guard_blind": ("The part that looks at connections can't look at them just now.", _CHECK),
    "guard_behind": ("The part that looks at connections doesn't run the latest rules yet.", _CHECK),
    "guard_untold": ("The part that looks at connections doesn't tell how it is.", _CHECK),
    "sites_by_dns": (
        "Closed sites are refused when a device asks this box for them. An app that knows an address doesn't ask.",
        "",
    ),
    "sites_one_arm": (
        "Closed sites are refused by name and by connection, but for a device that goes to the router by itself.",
        "",
    ),
    "sites_by_gateway": ("Closed sites are refused by name and by connection.", ""),
    "no_times": ("No times and no minutes are set.", ""),
    "times_by_dns": ("When time is up nothing new opens. What runs may go on, a film for example.", ""),
    "times_one_arm": ("When time is up nothing new opens, unless a device goes to the router by itself.", ""),
    "times_by_gateway": ("When time is up nothing new opens, not even by address.", ""),
    "cuts_by_dns": ("A film, a game or a call that runs goes on until it is closed.", ""),
    "cuts_one_arm": ("What is open ends when time is up, but for what goes past the box.", ""),
    "cuts_by_gateway": ("What is open ends when time is up.", ""),
    "nameless_by_dns": ("An app that brings its own addresses asks for no name, and isn't seen.", ""),
    "nameless_by_gateway": (
        "A connection without a name is decided by the address, by the names that were asked for, and by the age.",
        "“Known addresses only” closes the rest: try it with “watch first”.",
    ),
    "nameless_watched": (
        "What “known addresses only” would refuse is watched, and passes.",
        "Look at it, then decide.",
    ),
    "nameless_refused": (
        "Only addresses are reached that this box gave for a name. Consoles, TVs and things are left out.",
        "",
    ),
    "encrypted_dns_open": ("The rules for this age leave other name servers open.", ""),
    "encrypted_dns_by_dns": (
        "Known ones are refused by name, and browsers are told to leave it. One that is typed in by address goes past.",
        "",
    ),
    "encrypted_dns_one_arm": (
        "Known ones are refused, by name, address and kind, on the way through the box.",
        "",
    ),
    "encrypted_dns_by_gateway": (
        "Known ones are refused, by name, address and kind; plain questions are turned to this box.",
        "",
    ),
    "encrypted_dns_seen": (
        "A device lately tried to ask another name server.",
        "Talk about it: often an app does so by itself, and the check on the device is such a try, too.",
    ),
    "tunnels_open": ("The rules for this age leave VPNs open.", ""),
    "tunnels_by_dns": ("Known services are refused by name. One of one's own, or by address, is not.", ""),
    "tunnels_one_arm": ("Known kinds are refused. One that looks like a visit to a site is told by nobody.", ""),
    "tunnels_by_gateway": ("Known kinds are refused. One that looks like a visit to a site is told by nobody.", ""),
    "tunnels_seen": (
        "A device lately tried a VPN or a relay.",
        "Talk about it: most who use one want privacy, or a show from abroad.",
    ),
    "ipv6_by_dns": (
        "Names asked for over IPv6 are decided too, if the router names no other name server there.",
        "Take other name servers out of the router's IPv6 settings.",
    ),
    "ipv6_one_arm": ("IPv6 goes through the box, unless the router offers itself to the devices.", ""),
    "ipv6_by_gateway": ("IPv6 goes through the box, and all rules hold there.", ""),
    "ipv6_off": ("The box gives the devices no IPv6, so there is nothing to go past it.", ""),
    "ipv6_side_door": (
        "Another machine offers the devices a way out by IPv6, past the box.",
        "Turn IPv6 off in the router, or its announcements (router advertisements).",
    ),
    "no_budgets": ("No minutes are set.", ""),
    "steward_gone": ("The part that counts is not running.", _CHECK),
    "minutes_by_names": (
        "Minutes are counted by the names that a device asks for: about right, seldom to the minute.",
        "",
    ),
    "be_gateway": (
        "As the gateway of the home the box could also end what is open, and close what goes past names.",
        "",
    ),
    "one_arm": (
        "A device that goes to the router by itself goes past the box.",
        "A second network plug, with the box between router and devices, closes that way.",
    ),
    "devices_free": (
        "These rules don't hold on: {devices}. It is marked as an adult's own, or as a school's or employer's.",
        "If that is wrong, change what the device is.",
    ),
    "devices_unseen": (
        "Not seen lately: {devices}. Off, elsewhere, or with another address by now.",
        "Look among the new devices whether it is there.",
    ),
    "devices_by_address": (
        "Known by its IP address alone: {devices}. Whoever takes that address is taken for it.",
        "Add its MAC address.",
    ),
    "devices_kept": (
        "Kept to some names, by questions for names alone: {devices}. What it knows by address it reaches.",
        "",
    ),
    "slow_needs_gateway": (
        "A time or minutes are to slow things down. That takes a gateway: here all stays open and quick then.",
        "Close in place of slowing, or make the box the gateway.",
    ),
    "unwatched_open": ("While the box can't look, new connections pass.", "You can change that below."),
    "unwatched_closed": (
        "While the box can't look, nothing new opens: no calls, no school.",
        "You can change that below.",
    ),
    "neighbours": (
        "What one device sends to another in the home, through a switch or the Wi-Fi, never passes the box.",
        "Some routers can keep devices apart (client isolation, a guest network).",
    ),
    "elsewhere": (
        "Mobile data, a friend's Wi-Fi, school: the box is not there. What phone and provider offer reaches further.",
        "",
    ),
}
"""Reason → how it is, and what to do about it; empty where there is nothing to do."""


def words(reason: Reason) -> tuple[str, str]:
    """Return how it is, and what to do about it."""
    said, mend = WORDS[reason.code]
    return said.format_map(dict(reason.args)), mend

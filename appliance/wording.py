"""How a reason reads: codes and arguments of core as sentences, in the house's language."""

from collections.abc import Mapping

from appliance.core.rulebook import Category
from appliance.core.verdict import Reason

ENGLISH: dict[str, str] = {
    "help": "Help lines are always open, and nobody sees who asked.",
    "infrastructure": "Every device needs this to be online at all.",
    "malware": "This name is known for malware or phishing.",
    "hard": "Closed at this age: {category}. Two caregivers together can lift it.",
    "hard_nobody": "Blocked on every device, and nobody can lift it: {category}.",
    "hard_adult": "Blocked on every device: {category}.",
    "pause": "The Internet is paused.",
    "grant": "Opened by a caregiver for a while: {what}.",
    "update": "Updates go on during a pause.",
    "window": "It is {window} now.",
    "own_allow": "A caregiver allowed {name}.",
    "own_block": "A caregiver blocked {name}.",
    "protected": "Protected information ({category}): no list blocks it and nothing logs it.",
    "bypass": "This would lead around the rules of this house: {category}.",
    "category_block": "Blocked at this age: {category}.",
    "category_block_person": "Blocked by a caregiver: {category}.",
    "category_block_unknown": "Blocked on devices that nobody named yet: {category}.",
    "category_ask": "Open after asking a caregiver: {category}.",
    "category_allow": "Allowed: {category}.",
    "list_allow": "The list {list} allows this name.",
    "list_block": "The list {list} blocks this name.",
    "classifier": "This new name looks like {category}: ask a caregiver.",
    "default_allow": "No rule speaks against this name.",
    "default_ask": "New sites are open after asking a caregiver.",
    "default_block": "At this age only names on the allow-list are open.",
    "closed": "This device is not known here yet: a caregiver can add it.",
}
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
    "paused": "{who} paused the Internet for {person}{until}.",
    "resumed": "{who} ended the pause for {person}.",
    "opened": "{who} gave {person} extra time{until}.",
    "device_added": "{who} added {device}{for_person}.",
    "device_changed": "{who} changed {device}.",
    "device_removed": "{who} took {device} out of the house.",
    "forwarder_added": "{who} let {forwarder} say who asks.",
    "forwarder_changed": "{who} changed how {forwarder} says who asks.",
    "forwarder_removed": "{who} no longer lets {forwarder} say who asks.",
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
    "other": "{who} changed something.",
}
"""A change by the code of its reason. `who` began it; what it names was put into words by the caller."""
NOBODY_LIFTS = "csam"
CATALOGUES = {"en": ENGLISH}
CHANGE_CATALOGUES = {"en": CHANGES}


def sentence(reason: Reason, categories: Mapping[str, Category], language: str = "en") -> str:
    """Return a reason as a sentence; a language without a catalogue is told in English."""
    catalogue = CATALOGUES.get(language, ENGLISH)
    args = dict(reason.args)
    code = reason.code
    if code == "hard" and args.get("category") == NOBODY_LIFTS:
        code = "hard_nobody"
    elif code == "hard" and args.get("band") in ("adult", "unknown"):
        code = "hard_adult"
    if code in ("category_block", "category_ask"):
        code = f"{code}_{args.get('origin')}"
    words = {
        key: categories[value].name if key in ("category", "what") and value in categories else value
        for key, value in args.items()
    }
    return catalogue.get(code, catalogue.get(reason.code, reason.code)).format_map(words)


def change(code: str, words: Mapping[str, str], language: str = "en") -> str:
    """Return a change as a sentence; `words` are its arguments as people say them, a code without words is `other`."""
    catalogue = CHANGE_CATALOGUES.get(language, CHANGES)
    return catalogue.get(code, catalogue["other"]).format_map(_Lenient(words))


class _Lenient(dict[str, str]):
    """Words in which what was never said is left out."""

    def __missing__(self, key: str) -> str:
        return "" if key in ("until", "for_person") else "…"

"""What a caregiver may do about what happens to a name, from where it is told: forms of one button, and links."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask_login import current_user

from appliance import wording
from appliance.core.device import Device
from appliance.core.person import Person, PersonKind
from appliance.core.verdict import Lift, Step, Verdict
from appliance.web import asks
from appliance.web.box import box


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to do about it: a form (`fields` are its hidden values) or, without any, a link."""

    text: str
    icon: str
    href: str
    fields: Mapping[str, str] | None = None
    tone: str = "plain"


def of(person: Person | None, device: Device | None, name: str, verdict: Verdict, *, is_opened: bool) -> list[Deed]:
    """Return what a caregiver may do about it from here."""
    found = _deeds_about_malware(name, verdict, is_opened=is_opened)
    told = dict(verdict.reason.args)
    if person is None:
        where = f"/devices/{device.id}" if device is not None else "/devices"
        return [*found, Deed("Say whose it is", "phone", where)]
    if person.kind is PersonKind.ADULT:
        return found
    rules = f"/child/{person.id}/rules"
    if verdict.lift is Lift.TWO:
        anchor = f"#kind-{told.get('category', '')}"
        found.append(Deed("Lift it together", "people", f"/child/{person.id}/closed{anchor}"))
    if verdict.is_blocked and verdict.lift is Lift.ONE:
        match verdict.step:
            case Step.WORD:
                found.append(Deed("Resume now", "play-fill", f"/child/{person.id}/resume", {}, "main"))
            case Step.TIME:
                found.append(Deed("Open for 15 min", "sun", f"/child/{person.id}/open", {"minutes": "15"}, "main"))
            case Step.OWN if device is not None and not told_name(verdict):
                found.append(Deed("What it may reach", "phone", f"/devices/{device.id}", None, "main"))
            case Step.OWN:
                found.append(Deed("Remove the rule", "eraser", f"{rules}/remove", {"name": told_name(verdict)}, "main"))
            case _:
                found.append(Deed("Allow for 1 hour", "hourglass-split", rules, rule(name, "allow", "hour"), "main"))
                found.append(Deed("Always allow", "check-lg", rules, rule(name, "allow", "")))
        found.append(_for_a_while(person, name))
    elif not verdict.is_blocked and verdict.step is Step.OWN and told_name(verdict):
        found.append(Deed("Remove the rule", "eraser", f"{rules}/remove", {"name": told_name(verdict)}))
    elif not verdict.is_blocked and verdict.step not in (Step.HELP, Step.INFRASTRUCTURE, Step.PROTECTED):
        found.append(Deed(f"Block for {person.name}", "slash-circle", rules, rule(name, "block", "")))
    if "list" in told:
        found.append(Deed("The list", "card-checklist", f"/lists/{told['list']}"))
    found += _settings(person, told, verdict)
    found.append(Deed(f"All about {person.name}", "person", f"/child/{person.id}"))
    return found


def _for_a_while(person: Person, name: str) -> Deed:
    """Return what opens a name, or the service that it belongs to, for half an hour, in bedtime and a pause too."""
    what = asks.service_or_site(box().policy(), name)
    called = wording.Names.of(box().book, box().house()).thing(what)
    back = f"/why?{urlencode({'name': name, 'child': person.id})}"
    fields = {"minutes": "30", "what": what, "back": back}
    return Deed(f"Open {called} for 30 min", "unlock", f"/child/{person.id}/open", fields)


def _deeds_about_malware(name: str, verdict: Verdict, *, is_opened: bool) -> list[Deed]:
    if is_opened:
        return [Deed("Close it again", "shield-lock", "/why/malware/close", {"name": name}, "main")]
    if verdict.lift is Lift.OWNER and current_user.is_owner:
        return [Deed("Open this name", "unlock", f"/why/malware?{urlencode({'name': name})}", None, "stop")]
    return []


def _settings(person: Person, told: Mapping[str, str], verdict: Verdict) -> list[Deed]:
    """Return the way to the page on which a verdict was set."""
    base = f"/child/{person.id}"
    if "service" in told:
        return [Deed("Apps and services", "grid", f"{base}/services?{urlencode({'q': told['service']})}")]
    if "engine" in told:
        return [Deed("Safe search", "search", f"{base}/safe-search#engine-{told['engine']}")]
    if "window" in told:
        return [Deed("The week", "calendar-week", f"{base}/week")]
    if verdict.step is Step.TIME:
        return [Deed("Time budgets", "stopwatch", f"{base}/budgets")]
    if verdict.step is Step.CLASSIFIER:
        return [Deed("New sites", "patch-question", f"{base}/categories#new-sites")]
    if verdict.step is not Step.HARD and (verdict.step is Step.CATEGORY or "category" in told):
        return [Deed("Kinds of sites", "sliders", f"{base}/categories")]
    return []


def told_name(verdict: Verdict) -> str:
    """Return the name of the rule that decided."""
    return dict(verdict.reason.args).get("name", "")


def rule(name: str, do: str, end: str) -> dict[str, str]:
    """Return the values of the form that adds a rule."""
    return {"name": name, "do": do, "end": end}

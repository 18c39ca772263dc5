"""What the classifier took a name for, as pages tell it: to caregivers how sure it is, to a child that it may ask."""

from appliance.core.guesses import Label
from appliance.core.policy import Policy
from appliance.core.subject import Subject
from appliance.core.verdict import Step, Verdict
from appliance.household import looks
from appliance.household.labels import Labels
from appliance.web.box import Box


def category_of(verdict: Verdict) -> str | None:
    """Return what a name was taken for that nothing but the classifier closed, None for every other verdict."""
    return dict(verdict.reason.args).get("category") if verdict.step is Step.CLASSIFIER else None


def category(labels: Labels, of: Policy, subject: Subject, name: str, at: float) -> str | None:
    """Return for what a subject is to ask first about a name, None where the classifier has no say or is silent."""
    return category_of(labels.decide(of, subject, name, at))


def called(of: Box, category: str) -> str:
    """Return what a category is called after "looks like"."""
    card, _ = of.card()
    if card is not None and any(one.category == category and one.words for one in card.classes):
        return card.words(category)
    known = of.book.categories.get(category)
    return known.name.lower() if known else category


def in_short(of: Box, guess: Label) -> str:
    """Return a guess in a few words."""
    return f"new, looks like {called(of, guess.category)} ({looks.percent(guess.score)} %)"


def to_caregiver(of: Box, labels: Labels, name: str, category: str) -> str:
    """Return why a name is asked about, and how sure the box is; without the process that is not told."""
    found = labels.looks(name, category)
    language = of.house().language
    if found is None:
        return looks.to_caregiver(called(of, category), language=language)
    return looks.to_caregiver(found.words, found.score, found.parts, language)


def to_child(of: Box, labels: Labels, name: str, category: str | None) -> str:
    """Return the same to the child; without a category where it is known no more than that it looked risky."""
    language = of.house().language
    if category is None:
        return looks.to_child(None, "", language=language)
    found = labels.looks(name, category)
    return looks.to_child(category, called(of, category), found.parts if found else (), language)

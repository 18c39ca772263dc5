"""How a guess of the classifier reads: what a name looks like, by which of its parts, and how sure the box is of it."""

from collections.abc import Sequence

ENGLISH: dict[str, str] = {
    "looks": "New, and it looks like {what}. {sure}, and may be wrong.",
    "looks_parts": "New, and it looks like {what}: {parts}. {sure}, and may be wrong.",
    "looks_alone": "New, and it looks like {what}. The box may be wrong.",
    "looks_child": "It looks like {what}. We may be wrong: you can ask.",
    "looks_parts_child": "It looks like {what}: {parts}. We may be wrong: you can ask.",
    "looks_new_child": "It is new here and looks risky. We may be wrong: you can ask.",
}
"""What the classifier holds a name to be. `what` is as its card calls it, `parts` are those of the name."""
TO_CHILD: dict[str, str] = {
    "pornography": "something for grown-ups",
    "gambling": "gambling",
    "dating": "dating",
    "drugs_sale": "a shop for drugs",
    "hate_extremism": "violence or hate",
    "bypass_web_proxy": "a way around the rules",
    "browser_games": "games",
    "social_media": "social media",
}
"""By the category, in words that a child has; another is called as its card does."""
HOW_SURE: tuple[tuple[float, str], ...] = (
    (0.985, "The box is nearly sure ({percent} %)"),
    (0.9, "The box is quite sure ({percent} %)"),
    (0.0, "The box is not quite sure ({percent} %)"),
)
"""From which probability on what is said of it."""
MOST_PERCENT = 99
"""A guess is never certain."""
CATALOGUES = {"en": (ENGLISH, TO_CHILD, HOW_SURE)}


def to_caregiver(what: str, score: float | None = None, parts: Sequence[str] = (), language: str = "en") -> str:
    """Return to a caregiver what a name looks like: how that is called, how likely (0 to 1), by which of its parts."""
    said, _, _ = CATALOGUES.get(language, CATALOGUES["en"])
    if score is None:
        return said["looks_alone"].format(what=what)
    words = {"what": what, "parts": quoted(parts), "sure": how_sure(score, language)}
    return said["looks_parts" if parts else "looks"].format_map(words)


def to_child(category: str | None, called: str, parts: Sequence[str] = (), language: str = "en") -> str:
    """Return the same for the child; without a category, as where nobody can be asked what it was."""
    said, by_category, _ = CATALOGUES.get(language, CATALOGUES["en"])
    if category is None:
        return said["looks_new_child"]
    words = {"what": by_category.get(category, called), "parts": quoted(parts)}
    return said["looks_parts_child" if parts else "looks_child"].format_map(words)


def how_sure(score: float, language: str = "en") -> str:
    """Return how sure the box is of a guess, by its probability."""
    _, _, sure = CATALOGUES.get(language, CATALOGUES["en"])
    said = next(words for least, words in sure if score >= least)
    return said.format(percent=percent(score))


def percent(score: float) -> int:
    """Return a probability (0 to 1) in percent."""
    return min(MOST_PERCENT, round(100 * score))


def quoted(parts: Sequence[str]) -> str:
    """Return parts of a name in a row, as a sentence has them; the last one of a name, ``.bet``, is no word."""
    return ", ".join(part if part.startswith(".") else f"“{part}”" for part in parts)

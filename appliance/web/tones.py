"""How a change looks where changes stand in a row: an icon and a tone, by its code."""

from collections.abc import Mapping

_MARKS: Mapping[str, tuple[str, str]] = {
    "first_run": ("house-heart", "free"),
    "child_added": ("person-plus", "free"),
    "person_changed": ("person", "ask"),
    "person_removed": ("person-dash", "stop"),
    "rule_allowed": ("check-circle", "free"),
    "rule_blocked": ("slash-circle", "stop"),
    "rule_removed": ("eraser", "ask"),
    "paused": ("pause-fill", "pause"),
    "resumed": ("play-fill", "free"),
    "opened": ("sun", "free"),
    "pass_given": ("unlock", "free"),
    "pass_ended": ("lock", "ask"),
    "minutes_given": ("plus-lg", "free"),
    "minutes_taken": ("dash-lg", "stop"),
    "budget_set": ("hourglass-split", "night"),
    "budget_removed": ("hourglass-split", "ask"),
    "uncounted_set": ("stopwatch", "free"),
    "uncounted_removed": ("stopwatch", "ask"),
    "always_on_set": ("unlock", "free"),
    "always_on_removed": ("unlock", "ask"),
    "grace_taken": ("flag", "free"),
    "request_allowed": ("chat-heart", "free"),
    "request_kept": ("chat-heart", "stop"),
    "paused_device": ("pause-fill", "pause"),
    "resumed_device": ("play-fill", "free"),
    "windows_set": ("moon-stars", "night"),
    "exception_set": ("calendar-event", "night"),
    "exception_removed": ("calendar-event", "night"),
    "week_copied": ("copy", "night"),
    "grace_set": ("flag", "night"),
    "category_set": ("sliders", "ask"),
    "category_reset": ("sliders", "ask"),
    "risky_names_on": ("patch-question", "ask"),
    "risky_names_off": ("patch-question", "free"),
    "risky_names_reset": ("patch-question", "ask"),
    "classifier_on": ("patch-question", "ask"),
    "classifier_off": ("patch-question", "free"),
    "classifier_reset": ("arrow-counterclockwise", "ask"),
    "classifier_all_reset": ("arrow-counterclockwise", "ask"),
    "house_set": ("house-gear", "school"),
    "house_replaced": ("file-earmark-text", "school"),
    "house_taken_over": ("arrow-repeat", "school"),
    "list_added": ("card-checklist", "free"),
    "list_removed": ("card-checklist", "stop"),
    "list_on": ("power", "free"),
    "list_off": ("power", "pause"),
}
"""Code → icon and tone; devices, routers and caregivers by the word before the first underscore."""
_KINDS = {
    "device": ("phone", "school"),
    "client": ("slash-circle", "school"),
    "forwarder": ("router", "school"),
    "caregiver": ("key", "school"),
    "list": ("card-checklist", "school"),
    "record": ("signpost", "school"),
    "private": ("house-door", "school"),
    "local": ("signpost", "school"),
}
_OTHER = ("pencil", "school")


def look_of(code: str) -> tuple[str, str]:
    """Return the icon and the tone of a change."""
    return _MARKS.get(code) or _KINDS.get(code.partition("_")[0], _OTHER)

"""Tables of many lists' entries: each name counted once a list, and none may stand before a crowd of rules."""

import pytest

from appliance.core.lists.rule import Rule, Says
from appliance.core.lists.tables import MAX_AT_NAME, Crowded, Entries, RuleStore, tables


def entries(*said: tuple[str, int, Says]) -> Entries:
    """Return entries of one list."""
    made = Entries()
    for one in said:
        made.add(*one)
    return made


def test_names_are_counted_once_a_list() -> None:
    """However often and as whatever a list names one; rules are no names."""
    one = entries(
        ("a.example", 1, Says.BLOCK),
        ("a.example", 2, Says.BLOCK_EXACT),
        ("a.example", 3, Says.BLOCK),
        ("b.example", 4, Says.ALLOW),
        ("c.example", 0, Says.RULE),
    )
    other = entries(("b.example", 1, Says.BLOCK), ("b.example", 0, Says.RULE))
    assert tables([one, other, entries()]).names == (2, 1, 0)


def test_many_entries_keep_their_order() -> None:
    """More than are packed together."""
    said = [(f"host{number}.example", number, Says.BLOCK) for number in range(10_000)]
    made = entries(*said)
    assert len(made) == 10_000
    assert list(made) == [f"example.host{number}." for number in range(10_000)]


def test_entries_without_some() -> None:
    """Chosen by name, value and what is said."""
    made = entries(("a.example", 1, Says.BLOCK), ("b.example", 2, Says.ALLOW), ("b.example", 3, Says.BLOCK))
    left = made.without(lambda name, value, says: (name, value, says) == ("b.example", 2, Says.ALLOW))
    assert (list(left), list(left.values), list(left.says)) == (["example.a.", "example.b."], [1, 3], [0, 0])


@pytest.mark.parametrize(("number", "is_refused"), [(MAX_AT_NAME, False), (MAX_AT_NAME + 1, True)])
def test_a_crowd_of_rules_at_one_name_is_refused(number: int, is_refused: bool) -> None:
    """With the number of the list that has them."""
    crowd = entries(*(("a.example", place, Says.RULE) for place in range(number)))
    lists = [entries(("a.example", 1, Says.RULE)), crowd]
    if is_refused:
        with pytest.raises(Crowded, match="1,000 rules for one name") as caught:
            tables(lists)
        assert caught.value.number == 1
    else:
        assert tables(lists).names == (0, 0)


def test_a_store_gives_back_its_rules() -> None:
    """By their numbers."""
    store = RuleStore()
    rules = [Rule(1, name="a.example", qtypes=(1, 28)), Rule(2, pattern="^b", is_allow=True)]
    assert [store.add(rule) for rule in rules] == [0, 1]
    assert [store[0], store[1]] == rules

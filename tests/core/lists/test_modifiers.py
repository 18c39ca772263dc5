"""What follows the ``$`` of an Adblock rule."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.lists import modifiers
from appliance.core.lists.modifiers import Modifiers, Refused
from appliance.core.lists.rule import Rewrite, Why


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", Modifiers()),
        ("important,badfilter", Modifiers(is_important=True, is_badfilter=True)),
        ("~script,~image", Modifiers()),
        ("dnstype=AAAA|a|~TYPE65", Modifiers(qtypes=(1, 28), not_qtypes=(65,))),
        ("ctag=user_child|~device_tv", Modifiers(tags=("user_child",), not_tags=("device_tv",))),
        ("denyallow=B.example|a.example", Modifiers(spared=("a.example", "b.example"))),
        ("client=192.0.2.0/24|~Mum", Modifiers(clients=("192.0.2.0/24",), not_clients=("mum",))),
        (r"client='Tom\'s\, Box'", Modifiers(clients=("tom's, box",))),
        (r'client="a\|b"|~"c"', Modifiers(clients=("a|b",), not_clients=("c",))),
        ("client=2001:db8::7|AA-BB-CC-DD-EE-FF", Modifiers(clients=("2001:db8::7", "aa-bb-cc-dd-ee-ff"))),
        ("dnsrewrite=192.0.2.7", Modifiers(rewrites=(Rewrite(qtype=1, value="192.0.2.7"),), is_rewrite=True)),
        ("dnsrewrite", Modifiers(rewrites=(Rewrite(),), is_rewrite=True)),
    ],
)
def test_modifiers_say(options: str, expected: Modifiers) -> None:
    """Values are in order, so that rules that say the same are the same."""
    assert expected == modifiers.read(options)


def test_an_exception_of_all_rewrites_has_none() -> None:
    """It takes back whatever there is."""
    assert modifiers.read("dnsrewrite=", is_allow=True) == Modifiers(is_rewrite=True)


@pytest.mark.parametrize(
    "options", ["third-party", "~third-party", "document", "popup", "domain=a.example", "script", "x"]
)
def test_a_modifier_for_pages_leaves_the_rule_out(options: str) -> None:
    """A nameserver would reach further than it says."""
    with pytest.raises(Refused) as refused:
        modifiers.read(options)
    assert refused.value.why is Why.MODIFIER


@pytest.mark.parametrize(
    "options",
    ["dnstype", "dnstype=", "dnstype=A|", "dnstype=NONE", "dnstype=TYPE0", "dnstype=TYPE65535", "ctag=",
     "ctag=a|", "ctag=A b", "client", "client=", "client=''", "client=~", "denyallow", "denyallow=~a.example",
     "denyallow=*.example", "denyallow=a.example|", "dnsrewrite=NOTIMPLEMENTED", "dnsrewrite=a b",
     "dnsrewrite=NOERROR;A", "dnsrewrite=WHAT;;", "dnsrewrite=NOERROR;A;2001:db8::7",
     "dnsrewrite=NOERROR;AAAA;192.0.2.7", "dnsrewrite=NOERROR;A;x", "dnsrewrite=NOERROR;CNAME;a b",
     "dnsrewrite=NOERROR;PTR;", "dnsrewrite=NOERROR;WHAT;x",
     "dnsrewrite=NOERROR;;x", "dnsrewrite=NOERROR;MX;x", "dnsrewrite=NOERROR;SRV;1 2 x"],
)  # fmt: skip
def test_a_value_that_cannot_be_leaves_the_rule_out(options: str) -> None:
    """Half a rule is none."""
    with pytest.raises(Refused) as refused:
        modifiers.read(options)
    assert refused.value.why is Why.BAD_MODIFIER


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("NXDOMAIN", Rewrite(3)),
        ("NOERROR", Rewrite()),
        ("nxdomain", Rewrite(cname="nxdomain")),
        ("Other.Example", Rewrite(cname="other.example")),
        ("2001:DB8::7", Rewrite(qtype=28, value="2001:db8::7")),
        ("refused;;", Rewrite(5)),
        ("SERVFAIL;A;192.0.2.7", Rewrite(2)),
        ("NOERROR;;", Rewrite()),
        ("NOERROR;A;192.0.2.7", Rewrite(qtype=1, value="192.0.2.7")),
        ("NOERROR;CNAME;other.example", Rewrite(cname="other.example")),
        ("NOERROR;PTR;box.example", Rewrite(qtype=12, value="box.example.")),
        ("NOERROR;MX;10 mail.example", Rewrite(qtype=15, value="10 mail.example")),
        ("NOERROR;TXT;some text; more", Rewrite(qtype=16, value="some text; more")),
        ("NOERROR;SRV;1 2 80 a.example", Rewrite(qtype=33, value="1 2 80 a.example")),
        ("NOERROR;HTTPS;1 . alpn=h3", Rewrite(qtype=65, value="1 . alpn=h3")),
        ("NOERROR;NS;a.example", Rewrite(qtype=2)),
    ],
)
def test_a_rewrite_is_an_rcode_a_name_or_a_record(value: str, expected: Rewrite) -> None:
    """In its short and its full form; a type that isn't written here has no data."""
    assert expected == modifiers.rewrite(value)


def test_only_what_narrows_counts_as_narrow() -> None:
    """An answer narrows nothing."""
    assert modifiers.read("dnstype=A").is_narrow
    assert not modifiers.read("important,dnsrewrite=NXDOMAIN").is_narrow


@given(st.text(st.sampled_from("dnstyperwcla=|;,~'\\\"A1.:é "), max_size=40))
def test_any_text_is_modifiers_or_refused(options: str) -> None:
    """Nothing else leaves."""
    with suppress(Refused):
        assert isinstance(modifiers.read("client=" + options), Modifiers)

"""Deliberate faults of what lists decide: whom they reach, their place in the order, what no list closes."""

from scripts.mutantlib.faults import CASE, DELIVERY, POLICY, QUERY, STEPS, Fault

LISTING = "core/listing.py"
DECIDED = ("test_policy_lists",)
REACHED = ("test_listing",)
ANSWERED = ("test_query_lists",)

LIST_FAULTS = (
    # Whom a list reaches.
    Fault(
        "a list of one child reaches all",
        LISTING,
        "return person is not None and person.id in one.persons",
        "return person is not None",
        REACHED,
    ),
    Fault(
        "a list of the house blocks for adults",
        LISTING,
        "return one.category is not None or not is_adult",
        "return True",
        REACHED,
    ),
    Fault(
        "malware of a list is open to adults",
        LISTING,
        "return one.category is not None or not is_adult",
        "return not is_adult",
        DECIDED,
    ),
    Fault("a list that is off blocks", LISTING, "if one.on and one.id", "if one.id", REACHED),
    Fault(
        "a rule for one device is for all of a person's",
        "core/subject.py",
        'meant = f"|{reach.key}" if reach.key else ""',
        'meant = ""',
        DECIDED,
    ),
    Fault(
        "a rule for a network is for nobody",
        LISTING,
        "return any(ip_address(address) in network for address in device.addresses)",
        "return False",
        REACHED,
    ),
    # Its place in the order.
    Fault(
        "what is important goes before a list that opens",
        LISTING,
        "found = judge(hits, self.asked, opening=self.opening)",
        "found = judge(hits, self.asked)",
        DECIDED,
    ),
    Fault(
        "an exception of a list that blocks opens for small children",
        STEPS,
        "return case.subject.mode is Mode.OPEN or outcome.hit.list in case.subject.lists.opening",
        "return True",
        DECIDED,
    ),
    Fault(
        "a list that opens doesn't take back what others feed",
        LISTING,
        "if outcome is not None and outcome.did is not Did.ALLOW:",
        "if outcome is not None:",
        REACHED,
    ),
    Fault(
        "a list takes back what the box says",
        POLICY,
        "tags |= listed.fed.keys()",
        "tags = frozenset(listed.fed)",
        DECIDED,
    ),
    Fault(
        "a list is named for what the box says as well",
        CASE,
        "key=lambda one: (one in fed, one)",
        "key=lambda one: (one not in fed, one)",
        ("test_case", "test_policy_lists"),
    ),
    # What no list closes.
    Fault(
        "a list closes protected information",
        POLICY,
        "return not tags or (tags.isdisjoint(_SPARED) and tags.isdisjoint(self.rulebook.information))",
        "return not tags or tags.isdisjoint(_SPARED)",
        DECIDED,
    ),
    Fault(
        "a list closes protected information by its network",
        DELIVERY,
        'if any(key == "list" for key, _ in verdict.reason.args) and policy.is_protected(query.name):',
        "if not verdict.reason.args:",
        ANSWERED,
    ),
    # Answers.
    Fault(
        "a list answers in place of a safe mode",
        STEPS,
        "may_rewrite=not is_managed and _safe_target(case) is None",
        "may_rewrite=not is_managed",
        DECIDED,
    ),
    Fault(
        "a managed device is led elsewhere",
        STEPS,
        "may_rewrite=not is_managed and _safe_target(case) is None",
        "may_rewrite=_safe_target(case) is None",
        DECIDED,
    ),
    Fault(
        "an answer that leads nowhere is no block",
        LISTING,
        "            if is_block(found):\n",
        "            if not found:\n",
        REACHED,
    ),
    Fault(
        "a list leads to what is closed",
        QUERY,
        "        return _blocked(setting, subject, query, cloaked, at)\n    return _asked(",
        "        pass\n    return _asked(",
        ANSWERED,
    ),
    Fault(
        "what a list opens is closed by who delivers it",
        DELIVERY,
        "    if admitted.step is Step.LIST and admitted.action is Action.ALLOW:\n",
        "    if admitted.step is Step.LIST and admitted.action is Action.BLOCK:\n",
        ANSWERED,
    ),
    Fault(
        "an address on a list is not looked at",
        DELIVERY,
        "if policy.lists is None or not policy.lists.has_addresses:",
        "if policy.lists is None or policy.lists.has_addresses:",
        ANSWERED,
    ),
    Fault(
        "a pattern that is found in an address closes it",
        POLICY,
        "hits = policy.lists.entry(address)",
        "hits = policy.lists.find(address)",
        DECIDED,
    ),
    Fault(
        "a rule for one type of question is for all of a CNAME's",
        DELIVERY,
        "verdict = decide(policy, subject, name, None, at, qtype=qtype)",
        "verdict = decide(policy, subject, name, None, at)",
        ANSWERED,
    ),
)

"""What pages may show of somebody's minutes: of each budget what is used and left, cut to what a role sees."""

from collections.abc import Mapping

from appliance.core import activity
from appliance.core import budget as budgets
from appliance.core.budget import Budget
from appliance.core.house import House
from appliance.core.visibility import Contract, Granularity, row_of
from appliance.household.retention import zone_of
from appliance.steward.minutes import Counter, bonuses_of
from appliance.steward.views import Answer, person_of, role_of
from appliance.world import bus


def allowance(request: Mapping[str, object], counter: Counter, contract: Contract, house: House, at: float) -> Answer:
    """Return the answer to ``minutes``, as `steward.daemon` describes it. Raises Refused."""
    person, role = person_of(house, request.get("person")), role_of(request)
    row = row_of(person)
    seen, of_sum = (contract.view(field, row, role).granularity for field in ("budget_minutes", "time_sum"))
    zone = zone_of(house)
    day = budgets.day_of(at, zone, house.day_starts)
    is_seen = seen.rank >= Granularity.DAY.rank
    return {
        "bus": bus.VERSION,
        "person": person.id,
        "day": day.isoformat(),
        "ends": budgets.end_of(day, zone, house.day_starts),
        "counted_to": counter.counted_to,
        "grain": seen.value,
        "budgets": [_told(budget, counter, house, person.id, at) for budget in person.budgets] if is_seen else [],
        "sum": counter.used(person.id, "").day if of_sum.rank >= Granularity.DAY.rank else None,
        "how_well": activity.HOW_WELL,
        "is_whole": counter.is_whole,
    }


def _told(budget: Budget, counter: Counter, house: House, person: str, at: float) -> Answer:
    day = budgets.day_of(at, zone_of(house), house.day_starts)
    used, bonuses = counter.used(person, budget.what), bonuses_of(house, person)
    of_day = budget.of_day(day)
    is_limited = of_day is not None or budget.week is not None
    return {
        "what": budget.what,
        "used": used.day,
        "week": used.week,
        "carried": used.carried,
        "bonus": sum(one.minutes for one in bonuses if one.what == budget.what and one.said_at <= at < one.until),
        "of_day": of_day,
        "of_week": budget.week,
        "left": max(0, budgets.left(budget, used, bonuses, day, at)) if is_limited else None,
        "warned": counter.warned.get(person, {}).get(budget.what),
    }

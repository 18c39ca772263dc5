"""The routers that may say who asks: which are believed, which could be, and the lines that they need for it."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import Field, RadioField, SelectChoice, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from appliance.config import DNS_PORT, parse_endpoint
from appliance.core.device import Forwarder, Told, normal_address
from appliance.core.house import House
from appliance.web import edits, forwarders, ids
from appliance.web.box import box
from appliance.web.gate import LOCAL, Who, open_to
from appliance.web.hardware import NotKnownBy, known_by
from appliance.web.saving import GOOD, WRONG, changed, done, reason
from appliance.world import bus
from appliance.world.neighbours import Neighbours, Own, gateways

pages = Blueprint("routers", __name__)

LIST = "/house/routers"
NAMESERVER = "nameserver"
ASK_S = 1.0
BOX, ROUTER = "BOX", "router"
BOTH = "both"
TELLS: Mapping[str, tuple[frozenset[Told], str, str, str]] = {
    BOTH: (frozenset(Told), "Both", "As the lines for dnsmasq here have it.", "Says MAC and IP address"),
    Told.MAC.value: (frozenset((Told.MAC,)), "The MAC address", "add-mac and strip-mac.", "Says the MAC address"),
    Told.SUBNET.value: (
        frozenset((Told.SUBNET,)), "The IP address", "add-subnet and strip-subnet.", "Says the IP address",
    ),
}  # fmt: skip
"""What a router says of who asks: what is believed then, a word, the lines it takes, and that in a list."""
SIGNS: Mapping[str, tuple[str, str]] = {
    "asker.router": (
        "Questions came from a router that was not believed.",
        "All that ask through it look like one device that nobody named.",
    ),
    "asker.missing": (
        "Questions came through a believed router that did not say who asks.",
        "Give it the lines below; until then they count as a device that nobody named.",
    ),
    "asker.conflict": (
        "Questions said two things about who asks.",
        "They count as a device that nobody named. Somebody may have tried to ask as another one.",
    ),
}
"""What the name server counted, in words, and what follows."""
DNSMASQ = (
    "no-resolv", "server={box}#{port}", "cache-size=0", "add-mac", "strip-mac", "add-subnet=32,128", "strip-subnet",
)  # fmt: skip
OPENWRT = (
    "uci set dhcp.@dnsmasq[0].noresolv='1'",
    "uci set dhcp.@dnsmasq[0].cachesize='0'",
    "uci add_list dhcp.@dnsmasq[0].server='{box}#{port}'",
    "uci commit dhcp",
    "printf '%s\\n' add-mac strip-mac add-subnet=32,128 strip-subnet >>/etc/dnsmasq.conf",
    "/etc/init.d/dnsmasq restart",
)


@dataclass(frozen=True, slots=True)
class Way:
    """A gateway of the box, by all that it can be known by."""

    addresses: tuple[str, ...] = ()
    mac: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """All that it is known by; the first is what it is called here."""
        return (*self.addresses, *filter(None, (self.mac,)))


class RouterForm(FlaskForm):  # type: ignore[misc]
    """What a router is known by, and what it says of who asks."""

    known_by = TextAreaField(
        "Its MAC or IP addresses",
        [InputRequired("Type at least one address."), Length(max=2000, message="This is too long.")],
        render_kw={"rows": 3, "spellcheck": "false", "autocapitalize": "none", "placeholder": "192.168.1.1"},
    )
    told = RadioField(
        "What does it say of who asks?",
        [InputRequired("Choose one.")],
        choices=[SelectChoice(key, word) for key, (_, word, _, _) in TELLS.items()],
    )

    def validate_known_by(self, field: Field) -> None:
        """Refuse what no router is known by."""
        try:
            self.macs, self.addresses = router_known_by(field.data or "")
        except NotKnownBy as error:
            raise ValidationError(str(error)) from error

    def router(self, id_: str) -> Forwarder:
        """Return the router that stands in the form, which was found to be right."""
        options = tuple(one for one in Told if one in TELLS[self.told.data][0])
        return Forwarder(id=id_, macs=self.macs, addresses=self.addresses, options=options)


@pages.get(LIST)
@open_to(Who.OWNER)
def show() -> ResponseReturnValue:
    """Show which routers are believed, which could be, and the lines that they need."""
    house = box().house()
    found, own = _network()
    status = _status()
    local = str(request.environ.get(LOCAL, "")).partition("%")[0]
    words = {"box": own_address(own, found, local), "port": port(status.get("dns"))}
    offered = offers(found, house)
    return render_template(
        "devices/routers.html",
        believed=[(one, called(one), says(one)) for one in house.forwarders],
        offered=offered,
        signs=signs(status.get("counts"), is_believed=bool(house.forwarders), is_offered=bool(offered)),
        both=BOTH,
        is_found=words["box"] != BOX,
        dnsmasq="\n".join(DNSMASQ).format_map(words),
        openwrt="\n".join(OPENWRT).format_map(words),
    )


@pages.route(f"{LIST}/new", methods=["GET", "POST"])
@open_to(Who.OWNER)
def new() -> ResponseReturnValue:
    """Believe one more router."""
    form = RouterForm(data={"told": BOTH})
    if not form.validate_on_submit():
        return _form(form, None)
    return _save(form, None)


@pages.route(f"{LIST}/<forwarder_id>", methods=["GET", "POST"])
@open_to(Who.OWNER)
def edit(forwarder_id: str) -> ResponseReturnValue:
    """Change what a router is known by, or what it says."""
    old = _router_or_404(forwarder_id)
    form = RouterForm(data={"known_by": "\n".join((*old.addresses, *old.macs)), "told": told_by(old)})
    if not form.validate_on_submit():
        return _form(form, old)
    return _save(form, old)


@pages.get(f"{LIST}/<forwarder_id>/remove")
@open_to(Who.OWNER)
def removing(forwarder_id: str) -> ResponseReturnValue:
    """Ask whether a router is to be believed no longer."""
    router = _router_or_404(forwarder_id)
    return render_template("devices/router_remove.html", router=router, name=called(router))


@pages.post(f"{LIST}/<forwarder_id>/remove")
@open_to(Who.OWNER)
def remove(forwarder_id: str) -> ResponseReturnValue:
    """Believe a router no longer."""
    router = _router_or_404(forwarder_id)
    what = reason("forwarder_removed", forwarder=forwarder_id)
    trouble = changed(what, lambda house: forwarders.without_forwarder(house, forwarder_id))
    if trouble is not None:
        return done(trouble, WRONG, url_for("routers.removing", forwarder_id=forwarder_id))
    return done(f"{called(router)} is not believed any more: what asks through it is one device now.", GOOD, LIST)


def called(router: Forwarder) -> str:
    """Return what a router is called: routers have no names here."""
    return (*router.addresses, *router.macs)[0]


def told_by(router: Forwarder) -> str | None:
    """Return what a router says of who asks, as a key of `TELLS`; None where nothing is believed."""
    return next((key for key, (options, *_) in TELLS.items() if options == set(router.options)), None)


def says(router: Forwarder) -> str:
    """Return the same in words."""
    key = told_by(router)
    return TELLS[key][3] if key else "Nothing that it says is believed"


def router_known_by(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the MAC and the IP addresses of a text. Raises NotKnownBy.

    A dnsmasq on the box itself is a router too: it asks from a loopback address.
    """
    words = text.replace(",", " ").replace(";", " ").split()
    near = [normal_address(word) for word in words if _is_loopback(word)]
    far = " ".join(word for word in words if not _is_loopback(word))
    if near and not far:
        return (), tuple(dict.fromkeys(near))
    macs, addresses = known_by(far)
    for address in addresses:
        host, _, interface = address.partition("%")
        if not interface.isdigit() and ip_address(host).is_link_local:
            why = "is the same in every network" if ":" in host else "is no address that stays"
            raise NotKnownBy(f"{address} {why}: type the router's MAC address instead.")
    return macs, tuple(dict.fromkeys((*near, *addresses)))


def ways(found: Iterable[tuple[str, str | None]]) -> list[Way]:
    """Return gateways (address, MAC where the kernel knows it), those of one MAC as one.

    A link-local address is left out: it says nothing without the number of an interface, which changes.
    """
    joined: dict[str, list[str]] = {}
    macs: dict[str, str | None] = {}
    for address, mac in sorted(found, key=lambda one: (":" in one[0], one[0])):
        key = mac or address
        macs[key] = mac
        joined.setdefault(key, [])
        if not ip_address(address.partition("%")[0]).is_link_local:
            joined[key].append(address)
    made = [Way(tuple(addresses), macs[key]) for key, addresses in joined.items()]
    return [way for way in made if way.words]


def offers(found: Iterable[tuple[str, str | None]], house: House) -> list[Way]:
    """Return the gateways that are not believed yet."""
    known = {word for one in house.forwarders for word in (*one.macs, *one.addresses)}
    return [way for way in ways(found) if not known.intersection(way.words)]


def own_address(own: Iterable[Own], found: Iterable[tuple[str, str | None]], local: str) -> str:
    """Return where a router reaches the box: in its own network, else where this page is, else `BOX`."""
    lasting = [one for one in own if not one.is_passing and not ip_address(one.address).is_link_local]
    for address, _ in sorted(found, key=lambda one: ":" in one[0]):
        near = ip_address(address.partition("%")[0])
        for one in lasting:
            if near in ip_network(f"{one.address}/{one.prefix}", strict=False):
                return one.address
    return local if local and not _is_loopback(local) else BOX


def port(told: object) -> int:
    """Return where DNS is answered for the house, of what the name server says of itself; 53 where it says nothing."""
    for text in told if isinstance(told, list) else ():
        endpoint = parse_endpoint(str(text), DNS_PORT)
        if not _is_loopback(endpoint.address):
            return endpoint.port
    return DNS_PORT


def signs(counts: object, *, is_believed: bool, is_offered: bool) -> list[tuple[str, str]]:
    """Return what the name server's counts say of routers, in words.

    They are sums since its start: what can't be so any more is left out, where no router is believed, or no other is
    in sight.
    """
    found = counts if isinstance(counts, dict) else {}
    fits = {"asker.router": is_offered or not is_believed}
    return [words for key, words in SIGNS.items() if found.get(key) and fits.get(key, is_believed)]


def _is_loopback(word: str) -> bool:
    try:
        return ip_address(normal_address(word)).is_loopback
    except ValueError:
        return False


def _network() -> tuple[list[tuple[str, str | None]], tuple[Own, ...]]:
    """Return the box's gateways with their MACs, and its own addresses; nothing where the kernel tells nothing."""
    try:
        with closing(Neighbours()) as table:
            return [(address, table.mac(address)) for address in gateways()], table.own
    except OSError:
        return [], ()


def _status() -> dict[str, object]:
    try:
        return bus.ask(box().data, NAMESERVER, {"ask": "status"}, ASK_S)
    except bus.BusError:
        return {}


def _save(form: RouterForm, old: Forwarder | None) -> ResponseReturnValue:
    """Save the router of a form as a new one or in the place of an old one."""
    house = box().house()
    id_ = old.id if old else ids.new_id(ROUTER, [one.id for one in house.forwarders], ROUTER)
    router = form.router(id_)

    def mutate(before: House) -> House:
        return (forwarders.changed_forwarder if old else forwarders.with_forwarder)(before, router)

    try:
        trouble = changed(reason("forwarder_changed" if old else "forwarder_added", forwarder=id_), mutate)
    except edits.Taken as error:
        trouble = _taken(house, error)
    if trouble is not None:
        form.known_by.errors = [trouble]
        return _form(form, old)
    return done(f"{called(router)} may say who asks. “kindgate check” on the box tests whether it does.", GOOD, LIST)


def _taken(house: House, error: edits.Taken) -> str:
    if error.holder is None:
        return f"{error.word} is another router's already."
    holder = next((one for one in house.devices if one.id == error.holder), None)
    name = (holder.name or holder.id) if holder else "a device"
    return f"{error.word} belongs to {name}: no device is a router. Take it out there first."


def _form(form: RouterForm, old: Forwarder | None) -> ResponseReturnValue:
    shown = render_template("devices/router.html", form=form, router=old, name=called(old) if old else "", tells=TELLS)
    return shown, 422 if form.errors else 200


def _router_or_404(forwarder_id: str) -> Forwarder:
    try:
        return forwarders.forwarder_of(box().house(), forwarder_id)
    except forwarders.NoSuchForwarder:
        abort(404)

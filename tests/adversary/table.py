"""Everything that is tried."""

from tests.adversary import tricks_identity, tricks_names, tricks_questions, tricks_time, tricks_tunnels
from tests.adversary.trick import OutOfReach, OverBedtime, Trick

TRICKS: tuple[Trick, ...] = (
    *tricks_questions.TRICKS,
    *tricks_names.TRICKS,
    *tricks_tunnels.TRICKS,
    *tricks_identity.TRICKS,
)
OVER_BEDTIME: tuple[OverBedtime, ...] = tricks_time.TRICKS
GROUPS: tuple[tuple[str, tuple[Trick | OverBedtime, ...]], ...] = (
    ("Asking somebody else", tricks_questions.TRICKS),
    ("Pretending to go elsewhere", tricks_names.TRICKS),
    ("Going through somebody else", tricks_tunnels.TRICKS),
    ("Going on at bedtime", tricks_time.TRICKS),
    ("Being somebody else", tricks_identity.TRICKS),
)
OUT_OF_REACH: tuple[OutOfReach, ...] = (
    OutOfReach(
        "mobile-data",
        "I use my phone's mobile data",
        "Another network. An agreement, and the phone's own family settings.",
    ),
    OutOfReach("neighbour", "I use the neighbours' Wi-Fi, or a hotspot in the street", "Another network."),
    OutOfReach("hotspot", "A friend's phone is my hotspot", "Another network."),
    OutOfReach(
        "other-device",
        "I use my brother's tablet",
        "A device is known, not who holds it. A talk, and a PIN on the tablet.",
    ),
    OutOfReach(
        "router-cable",
        "I plug my laptop into the router, past the box",
        "What doesn't come by isn't seen. The box as the only one with the Wi-Fi helps.",
    ),
    OutOfReach("unplug", "I pull the box's plug", "With the box as its gateway the home has no Internet then."),
    OutOfReach(
        "reset", "I reset the box, or swap its card", "Who can touch it owns it. That it came back as new is seen."
    ),
    OutOfReach(
        "offline", "I load the films before bedtime and watch them after", "What lies on a device needs no network."
    ),
    OutOfReach(
        "password",
        "I watch my father type his password",
        "Then the box believes the child. The log of changes shows what was done.",
    ),
)

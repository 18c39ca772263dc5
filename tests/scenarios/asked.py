"""What the things of the toured house asked for: a doll that is kept to its maker, and a lamp that may go anywhere."""

DOLL, LAMP = "mias-talking-doll", "lamp-in-the-hall"
_NAMES = {
    DOLL: (
        ("api.dolls.com", "unclassified", 41, 0), ("voice.eu-west.dolls.com", "unclassified", 12, 0),
        ("a1b2c3d4e5f6-ats.iot.eu-west-1.amazonaws.com", "unclassified", 0, 96),
        ("sdk.a-very-long-name-of-somebody-who-measures.com", "trackers_ads", 0, 17),
        ("pool.ntp.org", "unclassified", 24, 0), ("firmware.shelly.cloud", "unclassified", 1, 0),
        ("malware.kindgate.test", "malware_phishing", 0, 3),
    ),
    LAMP: (("cloud.lamps.com", "unclassified", 288, 0), ("telemetry.lamps.com", "trackers_ads", 96, 0)),
}  # fmt: skip


def asked_by(device: str, at: float) -> dict[str, object]:
    """Return what the steward tells of a thing at a time (POSIX seconds)."""
    names = [
        {"name": name, "category": of, "opened": opened, "refused": refused, "first": at - 50_400, "last": at - 900}
        for name, of, opened, refused in _NAMES.get(device, ())
    ]
    return {"bus": 1, "grain": "name" if names else "no", "asked": names, "is_thing": True}

"""An example house that names the lab's devices and its forwarder."""

EXAMPLE_HOUSE = """\
# The lab's home. The tablet may have less than the laptop: tiktok.com, discord.com and instagram.com are blocked at 6-9
# and open at 13-15; web.whatsapp.com is "ask" at 6-9; pornhub.com is blocked for both. Two own rules go the other way:
# minecraft.net is blocked for Noah's laptop only, many.example.com for Mia's tablet only.
version: 1
time_zone: Europe/Berlin
forwarders:
  - {id: router, addresses: [192.168.77.1, "fd77::1"]}
persons:
  - id: mia
    name: Mia
    band: 6-9
    rules:
      - {name: many.example.com, do: block}
  - id: noah
    name: Noah
    band: 13-15
    rules:
      - {name: minecraft.net, do: block}
devices:
  - {id: tablet, name: Mia's tablet, kind: tablet, person: mia, macs: ["02:77:00:00:00:10"]}
  - {id: laptop, name: Noah's laptop, kind: laptop, person: noah, macs: ["02:77:00:00:00:11"]}
"""

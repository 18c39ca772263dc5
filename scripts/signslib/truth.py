"""The truth about the captures of nDPI and suricata-verify, by their makers' file names and a look at each of them.

A capture stands under all that is in it. What stands nowhere holds nothing that a sign is for.
"""

from typing import Final

from scripts.signslib.subject import Subject

TUNNELS: Final = (
    Subject(
        "WireGuard",
        ("wireguard",),
        {"ndpi__protonvpn.pcap": "udp/443", "ndpi__tunnelbear.pcap": "udp/51820"},
    ),
    Subject(
        "OpenVPN, over UDP and TCP",
        ("openvpn",),
        {
            "ndpi__openvpn.pcap": "*",
            "ndpi__openvpn-tlscrypt.pcap": "*",
            "ndpi__openvpn_nohmac.pcapng": "*",
            "ndpi__openvpn_nohmac_tcp.pcapng": "*",
        },
    ),
    Subject(
        "IPsec: IKE, ESP, AH",
        ("ipsec",),
        {
            "ndpi__esp.pcapng": "ip/50 udp/500",
            "ndpi__ipsec_isakmp_esp.pcap": "udp/500 udp/4500",
            "ndpi__ipv6_in_gtp.pcap": "ip/50",
        },
    ),
    Subject("L2TP", ("l2tp",)),
    Subject("PPTP", ("pptp",), {"ndpi__pptp.pcap": "*"}),
    Subject(
        "IP within IP, GRE, VXLAN, Teredo, GTP, ICMP",
        ("ip_tunnel",),
        {
            "ndpi__gtp_c.pcap": "*",
            "ndpi__gtp_prime.pcapng": "*",
            "ndpi__icmp-tunnel.pcap": "*",
            "suricata__decode-arp-3__arp-encap.pcap": "ip/47",
            "suricata__decode-erspan-typeI-02__input.pcap": "ip/47",
        },
        "In a recording such a tunnel is opened where IP is within it, and the flows in it are told of instead.",
    ),
    Subject("SoftEther", ("softether",), {"ndpi__softether.pcap": "udp/5004 softether-network.net"}),
    Subject("tinc", ("tinc",), {"ndpi__tinc.pcap": "*"}),
    Subject("Tailscale, ZeroTier, Nebula", ("mesh_vpn",)),
    Subject("Cloudflare WARP", ("warp",), {"ndpi__cloudflare-warp.pcap": "udp/2408 cloudflareclient.com"}),
    Subject(
        "VPN services, by whom their programs ask for",
        ("vpn_service",),
        {
            "ndpi__opera-vpn.pcapng": "sec-tunnel.com",
            "ndpi__pia.pcap": "tcp/443",
            "ndpi__protonvpn.pcap": "vpn-api.proton.me",
            "ndpi__psiphon3.pcap": "tcp/443",
            "ndpi__sites.pcapng": "nordcdn.com surfshark.com",
            "ndpi__tunnelbear.pcap": "tunnelbear.com polargrizzly.com",
            "ndpi__ultrasurf.pcap": "tcp",
        },
        "Private Internet Access speaks TLS like any program, without a name: only the server's certificate would "
        "tell, and newer TLS encrypts that. A browser's hello without a name is a weak sign only.",
    ),
    Subject(
        "A question of DNS for a VPN service",
        (),
        {"ndpi__mullvad_dns.pcap": "udp/53"},
        "Asking for a name is no tunnel: the nameserver decides on it by the rules of the house.",
    ),
    Subject(
        "Shadowsocks, VMess: all of it encrypted",
        ("fully_encrypted",),
        {"ndpi__shadowsocks.pcap": "tcp/8388", "ndpi__tls_heur__vmess-tcp.pcapng": "tcp/1234"},
        "Never more than weak: Telegram, WhatsApp and others show as little of themselves.",
    ),
    Subject("Tor", ("tor",)),
    Subject(
        "Psiphon, by name",
        ("psiphon",),
        {"ndpi__psiphon3.pcap": "tcp/443"},
        "Its program names nobody, at the address of one who delivers many sites: that much is told, as a VPN service.",
    ),
    Subject(
        "Trojan, VMess within TLS",
        (),
        {
            "ndpi__tls_heur__trojan-tcp-tls.pcapng": "tcp/1234",
            "ndpi__tls_heur__vmess-tcp-tls.pcapng": "tcp/1234",
        },
        "The outside is TLS to a server with a name of its own, as of any site. What is within could only be guessed "
        "from the sizes of many packets, and would be guessed of others too.",
    ),
    Subject(
        "A scan of ports",
        (),
        {"ndpi__synscan.pcap": "*"},
        "Each connection is only knocked at: nothing is said that could be a tunnel.",
    ),
    Subject(
        "IP within questions of DNS",
        (),
        {"ndpi__dns_exfiltration.pcap": "*"},
        "There is no sign for it. Its questions come to the box's own nameserver as all others do.",
    ),
)

PROXIES: Final = (
    Subject(
        "SOCKS",
        ("socks",),
        {
            "ndpi__shadowsocks.pcap": "tcp/1080",
            "ndpi__tls_heur__trojan-tcp-tls.pcapng": "tcp/1080",
            "ndpi__tls_heur__vmess-tcp-tls.pcapng": "tcp/1080",
            "ndpi__tls_heur__vmess-tcp.pcapng": "tcp/1080",
        },
    ),
    Subject(
        "HTTP proxies",
        ("proxy",),
        {
            "ndpi__http_connect.pcap": "tcp/8080",
            "suricata__bug-2430__backwards.pcap": "tcp/8080",
            "suricata__http-connect__http-connect-fail__input.pcap": "tcp/8001",
            "suricata__http-connect__http-connect-tls__input.pcap": "tcp/8002",
            "suricata__http-sha256-drop-02__input.pcap": "tcp/3128",
        },
    ),
    Subject(
        "Private relays, by name",
        ("relay",),
        {"ndpi__android.pcap": "proxy.googlezip.net"},
    ),
)

DNS: Final = (
    Subject(
        "DNS over HTTPS",
        ("doh",),
        {
            "ndpi__dns2tcp_tunnel.pcap": "tcp/443",
            "ndpi__dns_doh.pcap": "tcp/443",
            "ndpi__dnscrypt-v2-doh.pcap": "tcp",
            "ndpi__quic_frags_ch_out_of_order_same_packet_craziness.pcapng": "dns.google",
            "ndpi__quic_q43.pcap": "dns.google.com",
            "suricata__dns-over-http2-post__dns_over_https_POST.pcap": "tcp/80",
        },
        "Some private people's servers have names like any other: only listed names and addresses are told.",
    ),
    Subject("DNS over TLS", ("dot",), {"ndpi__dns_dot.pcap": "tcp/853"}),
    Subject("DNS over QUIC", ("doq",), {"ndpi__doq.pcapng": "udp/784"}),
    Subject(
        "DNSCrypt",
        ("dnscrypt",),
        {"ndpi__avast_securedns.pcapng": "udp/443", "ndpi__dnscrypt_skype_false_positive.pcapng": "udp/443"},
        "Avast asks for its key in plain DNS, under a name that is not DNSCrypt's: that is told as the question it is.",
    ),
)

HIDING: Final = (
    Subject(
        "A hidden name (ECH, ESNI)",
        ("ech",),
        {"ndpi__tls_esni_sni_both.pcap": "*"},
        "Browsers put a sham one into every hello, so that its being there says nothing. A true one is told only by "
        "the name outside it, where one who delivers many sites uses that for all of them.",
    ),
    Subject("Two stories in one flow", ("two_stories",)),
)

CALLS: Final = (
    Subject(
        "STUN and TURN",
        ("stun", "turn"),
        {
            "ndpi__adult_content.pcap": "udp/80",
            "ndpi__lru_ipv6_caches.pcapng": "udp/3478",
            "ndpi__skype-conference-call.pcap": "udp",
            "ndpi__stun.pcap": "tcp udp",
            "ndpi__stun_dtls_rtp.pcapng": "*",
            "ndpi__stun_dtls_rtp_unidir.pcapng": "*",
            "ndpi__stun_dtls_unidirectional_client.pcap": "*",
            "ndpi__stun_msteams_unidir.pcapng": "*",
            "ndpi__stun_tcp_multiple_msgs_same_pkt.pcap": "*",
            "ndpi__telegram_videocall.pcapng": "udp/1400 udp/35393 udp/42554",
            "ndpi__wa_video.pcap": "udp/3478 udp/32641 udp/59491",
            "ndpi__whatsapp_voice_and_message.pcap": "udp/3478",
        },
        "It is looked for over UDP only, where nearly all of it is.",
    ),
    Subject(
        "Calls",
        ("call",),
        {
            "ndpi__KakaoTalk_talk.pcap": "udp",
            "ndpi__agora-sd-rtn.pcap": "*",
            "ndpi__discord_mid_flow.pcap": "*",
            "ndpi__dtls_certificate_fragments.pcap": "udp/50001",
            "ndpi__i3d.pcap": "*",
            "ndpi__line.pcap": "udp",
            "ndpi__lru_ipv6_caches.pcapng": "udp/3478",
            "ndpi__rtp.pcapng": "udp",
            "ndpi__sip.pcap": "udp/30000 udp/30001",
            "ndpi__skype-conference-call.pcap": "*",
            "ndpi__snapchat_call.pcapng": "*",
            "ndpi__snapchat_call_v1.pcapng": "*",
            "ndpi__stun.pcap": "tcp udp",
            "ndpi__stun_dtls_rtp.pcapng": "*",
            "ndpi__stun_dtls_rtp_unidir.pcapng": "*",
            "ndpi__stun_dtls_unidirectional_client.pcap": "*",
            "ndpi__stun_msteams_unidir.pcapng": "*",
            "ndpi__telegram.pcap": "udp/23174 udp/28150",
            "ndpi__telegram_videocall.pcapng": "udp/1400 udp/35393 udp/42554",
            "ndpi__wa_video.pcap": "udp/3478 udp/32641 udp/59491",
            "ndpi__whatsapp_voice_and_message.pcap": "udp/3478",
        },
        "What is said and shown must begin within the first packets, as RTP or DTLS: many flows of a call only look "
        "for the way (`stun`, `turn`), or carry it within TURN. Snapchat's calls go in QUIC, those of Telegram and "
        "Agora in a way of their own.",
    ),
)

SWARMS: Final = (
    Subject(
        "BitTorrent",
        ("bittorrent",),
        {
            "ndpi__bt-http.pcapng": "*",
            "ndpi__lru_ipv6_caches.pcapng": "udp/6881",
            "ndpi__targusdataspeed_false_positives.pcap": "*",
        },
    ),
)

SUBJECTS: Final = (*TUNNELS, *PROXIES, *DNS, *HIDING, *CALLS, *SWARMS)
"""In the order of the README's table."""

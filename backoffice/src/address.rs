//! Which hosts a browser may reach: public ones, and of the others only those that the configuration names.

use std::net::IpAddr;

use url::{Host, Url};

/// Whether an address belongs to the public Internet. Private, loopback, link-local (a cloud's metadata service),
/// shared (RFC 6598), multicast, reserved and documentation ranges do not, nor does an IPv4 address of these in IPv6
/// clothes: mapped, compatible, 6to4, Teredo or NAT64 (IANA's special-purpose registries, RFC 6890).
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmark = a == 198 && (b == 18 || b == 19);
            let reserved = a == 0 || a >= 240 || (a == 192 && b == 0 && c == 0) || (a == 192 && b == 88 && c == 99);
            let own = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_documentation();
            !(own || shared || benchmark || reserved || v4.is_multicast())
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            // Of all of IPv6 only 2000::/3 is given out; the rest of it is private, local or a translator's.
            let global = (0x2000..0x4000).contains(&a);
            let clothes = a == 0x2002 || (a == 0x2001 && b < 0x0200) || (a == 0x2001 && b == 0x0db8);
            global && !clothes && a != 0x3fff
        }
    }
}

/// Whether an address names its host by a number that is not public. A name is looked at when it is resolved.
pub(crate) fn is_private_literal(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => !is_public(ip.into()),
        Some(Host::Ipv6(ip)) => !is_public(ip.into()),
        Some(Host::Domain(name)) => is_local_name(name),
        None => true,
    }
}

/// Names that lead home without a resolver.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let local = ["localhost", "local", "internal", "lan", "home.arpa"];
    !name.contains('.') || local.iter().any(|end| name == *end || name.ends_with(&format!(".{end}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_public_is_known_in_every_range() {
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
            "4000::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2400:3200::1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
        ] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn a_host_is_private_however_it_is_spelled() {
        for host in [
            "127.1",
            "2130706433",
            "0x7f000001",
            "017700000001",
            "0x7f.1",
            "0",
            "[::1]",
            "[::ffff:7f00:1]",
            "１２７.０.０.１",
            "①②⑦.⓪.⓪.①",
            "127。0。0。1",
            "%31%32%37.1",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "intranet",
            "printer.local",
            "metadata.google.internal",
            "router.lan",
            "nas.home.arpa",
        ] {
            let url = Url::parse(&format!("http://{host}/x")).unwrap();
            assert!(is_private_literal(&url), "{host} is {url}");
        }
        for host in ["seller.example.com", "8.8.8.8", "[2400:3200::1]", "localhost.example.com"] {
            assert!(!is_private_literal(&Url::parse(&format!("http://{host}/x")).unwrap()), "{host}");
        }
    }
}

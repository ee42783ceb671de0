//! Where requests go.

use std::net::{SocketAddr, ToSocketAddrs};

#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub address: SocketAddr,
    /// As the header `host` says it.
    pub host: String,
    pub path: String,
}

/// `http://host:port/path`. The name is looked up once: a measurement doesn't measure that.
pub fn parse_target(url: &str) -> Result<Target, String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| format!("\"{url}\" doesn't begin with http://; load speaks plain HTTP only"))?;
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let with_port = if has_port(host) { host.to_owned() } else { format!("{host}:80") };
    let address = with_port
        .to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| format!("\"{host}\" names no server; give a host and a port"))?;
    Ok(Target { address, host: host.to_owned(), path: path.to_owned() })
}

/// A colon inside the brackets of an IPv6 address begins no port.
fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_split_into_address_host_and_path() {
        for (url, address, host, path) in [
            (
                "http://127.0.0.1:8080/openrtb2/bid?x=1",
                "127.0.0.1:8080",
                "127.0.0.1:8080",
                "/openrtb2/bid?x=1",
            ),
            ("http://127.0.0.1", "127.0.0.1:80", "127.0.0.1", "/"),
            ("http://[::1]:81/", "[::1]:81", "[::1]:81", "/"),
            ("http://[::1]/", "[::1]:80", "[::1]", "/"),
        ] {
            let target = parse_target(url).unwrap();
            assert_eq!(target.address, address.parse().unwrap(), "{url}");
            assert_eq!((target.host.as_str(), target.path.as_str()), (host, path), "{url}");
        }
    }

    #[test]
    fn what_is_no_plain_http_or_names_no_server_is_refused() {
        assert!(parse_target("https://127.0.0.1/").unwrap_err().contains("plain HTTP"));
        assert!(parse_target("http://127.0.0.1:x/").unwrap_err().contains("names no server"));
    }
}

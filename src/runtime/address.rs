//! Network addresses: `x is address` and `x in cidr "r"`.

use super::text;
use crate::value::Value;
use std::fmt;
use std::net::{AddrParseError, IpAddr};
use std::str::FromStr;

/// `value is address`: text that the standard library reads as an IPv4 or IPv6 address, with no prefix length, port or
/// zone. False for service names such as `cloudformation.amazonaws.com` and for missing.
#[must_use]
pub fn is_address(value: &Value) -> bool {
    text::holds(value, |text| text.parse::<IpAddr>().is_ok())
}

/// `value in cidr "block"`: an address inside the block; false for the other family, for no address, and for missing.
/// (KQL `ipv4_is_in_range` and `ipv6_is_in_range` give null where we say false.)
#[must_use]
pub fn in_cidr(value: &Value, block: &Cidr) -> bool {
    text::holds(value, |text| text.parse().is_ok_and(|address| block.contains(address)))
}

/// A block of addresses such as `10.0.0.0/8` or `2001:db8::/32`.
///
/// The address before the slash may be any of the block, as in KQL: `10.1.2.3/8` is `10.0.0.0/8`. The two families are
/// kept apart: an IPv6 address that wraps an IPv4 one (`::ffff:10.0.0.1`) is an IPv6 address and in no IPv4 block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    base: IpAddr,
    prefix: u8,
}

/// Why a text is no block of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CidrError {
    /// No `/` in it.
    NoPrefix,
    /// What stands before the `/` is no address.
    Address(AddrParseError),
    /// What stands after the `/` is no number from 0 to the given one.
    Prefix(u8),
}

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CidrError::NoPrefix => f.write_str("no `/` with the number of fixed bits, as in `10.0.0.0/8`"),
            CidrError::Address(error) => error.fmt(f),
            CidrError::Prefix(most) => write!(f, "the number after `/` is not between 0 and {most}"),
        }
    }
}

impl std::error::Error for CidrError {}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Cidr, CidrError> {
        let (address, prefix) = text.split_once('/').ok_or(CidrError::NoPrefix)?;
        let address: IpAddr = address.parse().map_err(CidrError::Address)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        // `u8` would take `+8`.
        let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| digits && *prefix <= most);
        let prefix = prefix.ok_or(CidrError::Prefix(most))?;
        let base = match address {
            IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & mask_v4(prefix)).into()),
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & mask_v6(prefix)).into()),
        };
        Ok(Cidr { base, prefix })
    }
}

impl Cidr {
    /// Whether the address lies in the block; never for the other family.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => address.to_bits() & mask_v4(self.prefix) == base.to_bits(),
            (IpAddr::V6(base), IpAddr::V6(address)) => address.to_bits() & mask_v6(self.prefix) == base.to_bits(),
            _ => false,
        }
    }

    /// Whether this is a block of IPv4 addresses; of IPv6 ones otherwise.
    #[must_use]
    pub fn is_ipv4(&self) -> bool {
        self.base.is_ipv4()
    }
}

/// The block's first address and its prefix length.
impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

// A shift by the full width has no result, and stands for no fixed bit at all.
fn mask_v4(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

fn mask_v6(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Json;
    use proptest::prelude::*;

    fn inside(address: &str, block: &str) -> bool {
        in_cidr(&Value::text(address), &block.parse().unwrap())
    }

    #[test]
    fn addresses() {
        for yes in ["203.0.113.9", "::1", "2001:db8::1", "::ffff:10.0.0.1", "0.0.0.0"] {
            assert!(is_address(&Value::text(yes)), "{yes}");
        }
        assert!(is_address(&Value::Json(Json::Text("10.0.0.1".into()))));
        for no in [
            "cloudformation.amazonaws.com",
            "10.0.0.1/8",
            "10.0.0.1:80",
            "[::1]",
            "fe80::1%eth0",
            "010.0.0.1",
            "10.0.0",
            "256.0.0.1",
            " 10.0.0.1",
            "AWS Internal",
        ] {
            assert!(!is_address(&Value::text(no)), "{no}");
        }
        assert!(!is_address(&Value::Missing) && !is_address(&Value::Int(1)));
    }

    #[test]
    fn blocks() {
        assert!(inside("10.255.0.1", "10.0.0.0/8"));
        assert!(inside("10.255.0.1", "10.1.2.3/8"), "host bits are allowed");
        assert!(!inside("11.0.0.0", "10.0.0.0/8"));
        assert!(inside("172.31.255.255", "172.16.0.0/12") && !inside("172.32.0.0", "172.16.0.0/12"));
        assert!(inside("1.2.3.4", "1.2.3.4/32") && !inside("1.2.3.5", "1.2.3.4/32"));
        assert!(inside("255.255.255.255", "0.0.0.0/0") && !inside("::1", "0.0.0.0/0"));
        assert!(inside("2001:db8:ffff::1", "2001:db8::/32") && !inside("2001:db9::", "2001:db8::/32"));
        assert!(inside("::1", "::/0") && !inside("1.2.3.4", "::/0"));
        assert!(inside("::1", "::1/128") && !inside("::2", "::1/128"));
        assert!(!inside("::ffff:10.0.0.1", "10.0.0.0/8"), "families are kept apart");
        assert!(!inside("amazonaws.com", "0.0.0.0/0") && !inside("10.0.0.1/32", "10.0.0.0/8"));
        assert!(!in_cidr(&Value::Missing, &"::/0".parse().unwrap()));
        assert_eq!("10.1.2.3/8".parse::<Cidr>().unwrap().to_string(), "10.0.0.0/8");
        assert!("10.1.2.3/8".parse::<Cidr>().unwrap().is_ipv4());
    }

    #[test]
    fn bad_blocks() {
        assert_eq!("10.0.0.0".parse::<Cidr>(), Err(CidrError::NoPrefix));
        for (text, most) in [
            ("10.0.0.0/33", 32),
            ("10.0.0.0/+8", 32),
            ("10.0.0.0/", 32),
            ("::/129", 128),
            ("::/x", 128),
        ] {
            assert_eq!(text.parse::<Cidr>(), Err(CidrError::Prefix(most)), "{text}");
        }
        for text in ["10.0.0/8", "/8", "x/8", " 10.0.0.0/8"] {
            assert!(matches!(text.parse::<Cidr>(), Err(CidrError::Address(_))), "{text}");
        }
        assert_eq!(
            "::/999".parse::<Cidr>().unwrap_err().to_string(),
            "the number after `/` is not between 0 and 128"
        );
    }

    proptest! {
        #[test]
        fn a_block_holds_the_addresses_that_share_its_first_bits(a: u32, b: u32, prefix in 0_u8..=32) {
            let block: Cidr = format!("{}/{prefix}", std::net::Ipv4Addr::from(a)).parse().unwrap();
            prop_assert!(block.contains(IpAddr::V4(a.into())));
            prop_assert_eq!(block.contains(IpAddr::V4(b.into())), (a ^ b).leading_zeros() >= u32::from(prefix));
        }
    }
}

//! `Fn::Cidr`: blocks of addresses within a block.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use super::resolve::{Resolver, is_unknown};
use super::{KNOWN_AFTER_APPLY, ResolveError, TemplateError};

const CIDR: &str = "every Fn::Cidr object requires two or three parameters, (1) a block of addresses, (2) the number of blocks from 1 to 256 and (3) the number of bits of a block";

/// The first blocks of the size that is asked for.
pub(super) fn blocks(resolver: &Resolver<'_>, argument: &Value) -> Result<Option<Value>, ResolveError> {
    let list = argument.as_array().filter(|list| list.len() == 2 || list.len() == 3);
    let list = list.ok_or_else(|| TemplateError::function(CIDR))?;
    let mut texts = Vec::with_capacity(3);
    for value in list {
        texts.push(resolver.text(value, CIDR)?);
    }
    if texts.iter().any(|text| is_unknown(text)) {
        return Ok(Some(Value::from(KNOWN_AFTER_APPLY)));
    }
    let number = |index: usize| texts.get(index).map(|text| text.trim().parse::<u32>());
    let count = number(1).and_then(Result::ok).filter(|count| (1..=256).contains(count));
    let bits = number(2).transpose().map_err(|_| TemplateError::function(CIDR))?;
    let (Some(count), [block, ..]) = (count, texts.as_slice()) else {
        return Err(TemplateError::function(CIDR).into());
    };
    let blocks = divide(block, count, bits).ok_or_else(|| {
        TemplateError::function(format!("Fn::Cidr cannot divide {block} into {count} blocks of that size"))
    })?;
    Ok(Some(blocks.into_iter().map(Value::String).collect()))
}

fn divide(block: &str, count: u32, bits: Option<u32>) -> Option<Vec<String>> {
    let (address, prefix) = block.trim().split_once('/')?;
    let prefix: u32 = prefix.parse().ok()?;
    let address: IpAddr = address.parse().ok()?;
    let (base, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    // IPv6 blocks without a size are as large as a subnet's.
    let bits = bits.unwrap_or(if width == 128 { 64 } else { 8 });
    if prefix > width || bits == 0 || bits > width - prefix {
        return None;
    }
    let room = width - prefix - bits;
    if room < 32 && u64::from(count) > 1 << room {
        return None;
    }
    let base = if prefix == 0 { 0 } else { base >> (width - prefix) << (width - prefix) };
    let size = 1_u128.checked_shl(bits)?;
    let show = |number: u128| match address {
        IpAddr::V4(_) => u32::try_from(number).ok().map(|number| Ipv4Addr::from(number).to_string()),
        IpAddr::V6(_) => Some(Ipv6Addr::from(number).to_string()),
    };
    (0..u128::from(count))
        .map(|index| Some(format!("{}/{}", show(base + index * size)?, width - bits)))
        .collect()
}

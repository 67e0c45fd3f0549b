//! Policy templates and the paths of managed policies, packed into the binary.

use std::io::Read as _;
use std::sync::LazyLock;

use serde_json::Value;

static PACKED: &[u8] = include_bytes!("../../../../models/serverless.bin");

static DATA: LazyLock<Value> = LazyLock::new(|| {
    let mut text = String::new();
    // What the build has packed can be unpacked; a test says so.
    match flate2::read::ZlibDecoder::new(PACKED).read_to_string(&mut text) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => Value::Null,
    }
});

/// A policy template: `parameters` and `statements`.
pub(super) fn template(name: &str) -> Option<&'static Value> {
    DATA.get("templates")?.get(name)
}

/// The path of a managed policy, such as `/service-role/`.
pub(super) fn managed_path(name: &str) -> Option<&'static str> {
    DATA.get("paths")?.get(name)?.as_str()
}

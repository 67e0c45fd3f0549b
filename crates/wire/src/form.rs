//! Form bodies of the query protocol as trees: `Tags.member.1.Key=a` is the path `Tags`, `member`, `1`, `Key`.

use std::collections::BTreeMap;

use http::request;

use crate::{WireFault, uri};

/// The deepest path that is read.
const DEPTH_MAX: usize = 32;
/// The most parameters of one request.
const PARAMETERS_MAX: usize = 50_000;

/// A place in the tree.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// What the parameter of exactly this path says.
    pub(crate) text: Option<String>,
    /// Longer paths, by their next part.
    pub(crate) children: BTreeMap<String, Node>,
}

impl Node {
    /// Reads a request's parameters: those of the query string, then those of the body. Of two with the same name the first
    /// counts.
    pub(crate) fn read(parts: &request::Parts, body: &[u8]) -> Result<Self, WireFault> {
        let body =
            std::str::from_utf8(body).map_err(|_| WireFault::serialization("The body is not UTF-8"))?;
        let mut root = Self::default();
        let query = uri::pairs(parts.uri.query().unwrap_or(""));
        for (count, (name, text)) in query.chain(uri::pairs(body.trim_end())).enumerate() {
            if count >= PARAMETERS_MAX {
                return Err(WireFault::serialization("The request has too many parameters"));
            }
            root.put(&name, text)?;
        }
        Ok(root)
    }

    /// The place one step down.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.get(name)
    }

    /// The numbered places below, in the order of their numbers.
    pub(crate) fn numbered(&self) -> Vec<&Self> {
        let mut items: Vec<(u32, &Self)> =
            self.children.iter().filter_map(|(name, node)| Some((name.parse().ok()?, node))).collect();
        items.sort_by_key(|(number, _)| *number);
        items.into_iter().map(|(_, node)| node).collect()
    }

    fn put(&mut self, name: &str, text: String) -> Result<(), WireFault> {
        let mut node = self;
        for (depth, part) in name.split('.').enumerate() {
            if depth >= DEPTH_MAX {
                return Err(WireFault::serialization("A parameter's name has too many parts"));
            }
            node = node.children.entry(part.to_owned()).or_default();
        }
        node.text.get_or_insert(text);
        Ok(())
    }
}

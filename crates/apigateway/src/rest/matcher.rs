//! Which resource a path means: a literal part wins over a variable, a variable over a greedy one.

use std::collections::HashMap;

/// Paths, compiled.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    literal: HashMap<String, usize>,
    variable: Option<(String, usize)>,
    greedy: Option<(String, usize)>,
    /// The number of what the path means, where it ends here.
    here: Option<usize>,
}

/// What a path means, and its variables as they were written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Matched {
    pub(crate) number: usize,
    pub(crate) variables: Vec<(String, String)>,
}

impl Matcher {
    /// Compiles paths, such as `/pets/{id}` and `/{proxy+}`, with the numbers that stand for them.
    pub(crate) fn new<'p>(paths: impl IntoIterator<Item = (&'p str, usize)>) -> Self {
        let mut matcher = Self { nodes: vec![Node::default()] };
        for (path, number) in paths {
            matcher.add(path, number);
        }
        matcher
    }

    fn add(&mut self, path: &str, number: usize) {
        let mut at = 0;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let name = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            if let Some(greedy) = name.and_then(|name| name.strip_suffix('+')) {
                self.nodes[at].greedy = Some((greedy.to_owned(), number));
                return;
            }
            let known = match name {
                Some(_) => self.nodes[at].variable.as_ref().map(|(_, next)| *next),
                None => self.nodes[at].literal.get(part).copied(),
            };
            at = known.unwrap_or_else(|| {
                let next = self.nodes.len();
                self.nodes.push(Node::default());
                match name {
                    Some(name) => self.nodes[at].variable = Some((name.to_owned(), next)),
                    None => {
                        self.nodes[at].literal.insert(part.to_owned(), next);
                    }
                }
                next
            });
        }
        self.nodes[at].here = Some(number);
    }

    /// Finds what a path means. Its parts are compared decoded; a slash at the end does not count.
    pub(crate) fn find(&self, path: &str) -> Option<Matched> {
        let trimmed = path.trim_start_matches('/');
        let end = trimmed.strip_suffix('/').unwrap_or(trimmed);
        let parts: Vec<&str> = if end.is_empty() { Vec::new() } else { end.split('/').collect() };
        let mut variables = Vec::new();
        // The tree is as deep as the longest path that was described, and each level has three ways.
        let number = self.walk(0, &parts, trimmed, &mut variables, &mut 10_000)?;
        Some(Matched { number, variables })
    }

    fn walk(
        &self,
        at: usize,
        parts: &[&str],
        rest: &str,
        variables: &mut Vec<(String, String)>,
        left: &mut usize,
    ) -> Option<usize> {
        *left = left.checked_sub(1)?;
        let node = &self.nodes[at];
        let Some((part, others)) = parts.split_first() else { return node.here };
        let after = rest.get(part.len() + 1..).unwrap_or_default();
        let decoded = crate::data::request::decoded(part);
        if let Some(next) = node.literal.get(&decoded)
            && let Some(found) = self.walk(*next, others, after, variables, left)
        {
            return Some(found);
        }
        if let Some((name, next)) = &node.variable
            && !part.is_empty()
        {
            variables.push((name.clone(), (*part).to_owned()));
            if let Some(found) = self.walk(*next, others, after, variables, left) {
                return Some(found);
            }
            variables.pop();
        }
        let (name, number) = node.greedy.as_ref()?;
        variables.push((name.clone(), rest.to_owned()));
        Some(*number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 7] =
        ["/", "/pets", "/pets/{id}", "/pets/{id}/toys", "/pets/mine", "/files/{proxy+}", "/{proxy+}"];

    fn check(path: &str, expected: Option<(&str, &[(&str, &str)])>) {
        let matcher = Matcher::new(PATHS.iter().enumerate().map(|(number, path)| (*path, number)));
        let found = matcher.find(path);
        let found = found.as_ref().map(|found| {
            let variables: Vec<(&str, &str)> =
                found.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            (PATHS[found.number], variables)
        });
        assert_eq!(found, expected.map(|(path, variables)| (path, variables.to_vec())), "{path}");
    }

    #[test]
    fn the_most_specific_path_wins() {
        check("/", Some(("/", &[])));
        check("/pets", Some(("/pets", &[])));
        check("/pets/", Some(("/pets", &[])));
        check("/pets/7", Some(("/pets/{id}", &[("id", "7")])));
        check("/pets/mine", Some(("/pets/mine", &[])));
        check("/pets/mine/toys", Some(("/pets/{id}/toys", &[("id", "mine")])));
        check("/pets/7/others", Some(("/{proxy+}", &[("proxy", "pets/7/others")])));
        check("/files/a/b%20c/", Some(("/files/{proxy+}", &[("proxy", "a/b%20c/")])));
        check("/files", Some(("/{proxy+}", &[("proxy", "files")])));
        check("/p%65ts", Some(("/pets", &[])));
        check("/a//b", Some(("/{proxy+}", &[("proxy", "a//b")])));
    }
}

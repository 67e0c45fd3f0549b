//! Which resource a path means: a literal part wins over a variable, a variable over a greedy one, whole paths over those
//! that end in one. Where nothing is for a method at the best place, the next best counts.

use std::collections::HashMap;

/// Paths, compiled.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    nodes: Vec<Node>,
}

/// Numbers by method; `ANY` stands for all others.
type Methods = HashMap<String, usize>;

#[derive(Debug, Default)]
struct Node {
    literal: HashMap<String, usize>,
    variable: Option<(String, usize)>,
    greedy: Option<(String, Methods)>,
    /// What the path means where it ends here, by method.
    here: Methods,
}

/// Variables of a path with their values, as these were written.
pub(crate) type Variables = Vec<(String, String)>;

/// What a path means, and its variables.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Matched {
    pub(crate) number: usize,
    pub(crate) variables: Variables,
}

impl Matcher {
    /// Compiles paths, such as `/pets/{id}` and `/{proxy+}`, with a method and the number that stands for both.
    pub(crate) fn new<'p>(paths: impl IntoIterator<Item = (&'p str, &'p str, usize)>) -> Self {
        let mut matcher = Self { nodes: vec![Node::default()] };
        for (path, method, number) in paths {
            matcher.add(path, method, number);
        }
        matcher
    }

    fn add(&mut self, path: &str, method: &str, number: usize) {
        let mut at = 0;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let name = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            if let Some(greedy) = name.and_then(|name| name.strip_suffix('+')) {
                let greedy = (greedy.to_owned(), Methods::new());
                let (_, methods) = self.nodes[at].greedy.get_or_insert(greedy);
                methods.insert(method.to_owned(), number);
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
        self.nodes[at].here.insert(method.to_owned(), number);
    }

    /// Finds what a path means. Its parts are compared decoded; a slash at the end does not count.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<Matched> {
        let trimmed = path.trim_start_matches('/');
        let end = trimmed.strip_suffix('/').unwrap_or(trimmed);
        let parts: Vec<&str> = if end.is_empty() { Vec::new() } else { end.split('/').collect() };
        let mut variables = Vec::new();
        // The tree is as deep as the longest path that was described, and each level has three ways.
        let number = self.walk(0, (method, &parts, trimmed), &mut variables, &mut 10_000)?;
        Some(Matched { number, variables })
    }

    fn walk(
        &self,
        at: usize,
        (method, parts, rest): (&str, &[&str], &str),
        variables: &mut Vec<(String, String)>,
        left: &mut usize,
    ) -> Option<usize> {
        *left = left.checked_sub(1)?;
        let node = &self.nodes[at];
        let Some((part, others)) = parts.split_first() else { return of(&node.here, method) };
        let after = rest.get(part.len() + 1..).unwrap_or_default();
        let decoded = crate::data::request::decoded(part);
        if let Some(next) = node.literal.get(&decoded)
            && let Some(found) = self.walk(*next, (method, others, after), variables, left)
        {
            return Some(found);
        }
        if let Some((name, next)) = &node.variable
            && !part.is_empty()
        {
            variables.push((name.clone(), (*part).to_owned()));
            if let Some(found) = self.walk(*next, (method, others, after), variables, left) {
                return Some(found);
            }
            variables.pop();
        }
        let (name, methods) = node.greedy.as_ref()?;
        let number = of(methods, method)?;
        variables.push((name.clone(), rest.to_owned()));
        Some(number)
    }
}

fn of(methods: &Methods, method: &str) -> Option<usize> {
    methods.get(method).or_else(|| methods.get("ANY")).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 7] =
        ["/", "/pets", "/pets/{id}", "/pets/{id}/toys", "/pets/mine", "/files/{proxy+}", "/{proxy+}"];

    fn check(path: &str, expected: Option<(&str, &[(&str, &str)])>) {
        let matcher = Matcher::new(PATHS.iter().enumerate().map(|(number, path)| (*path, "ANY", number)));
        let found = matcher.find("GET", path);
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

    #[test]
    fn a_method_that_is_not_at_the_best_place_is_looked_for_at_the_next() {
        let routes =
            [("/pets/{id}", "GET", 0), ("/{proxy+}", "ANY", 1), ("/pets/{id}", "ANY", 2), ("/a", "POST", 3)];
        let matcher = Matcher::new(routes);
        let check = |method: &str, path: &str, expected: usize| {
            assert_eq!(
                matcher.find(method, path).map(|found| found.number),
                Some(expected),
                "{method} {path}"
            );
        };
        check("GET", "/pets/1", 0);
        check("PUT", "/pets/1", 2);
        check("POST", "/a", 3);
        check("GET", "/a", 1);
    }
}

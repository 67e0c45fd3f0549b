//! What IAM knows of actions: which resources they are for, and which condition keys come with them.

use crate::services::actions::ACTIONS;

/// An action of a service.
#[derive(Debug)]
pub struct ActionFacts {
    /// Its name: `lambda:CreateFunction`.
    pub name: &'static str,
    /// The resources that it can be for; none where it is for `*` only.
    pub resources: &'static [&'static ResourceFacts],
    /// The condition keys that come with it, beside those that every request has; `${…}` stands for any text.
    pub keys: &'static [&'static str],
}

/// A kind of resource.
#[derive(Debug)]
pub struct ResourceFacts {
    /// Its name: `function`.
    pub name: &'static str,
    /// The form of its ARN; `${…}` stands for any text.
    pub arn: &'static str,
    /// The condition keys that come with it.
    pub keys: &'static [&'static str],
}

impl ActionFacts {
    /// The action with this name, letters as AWS writes them; `None` where no service of ours has it.
    pub fn find(name: &str) -> Option<&'static Self> {
        ACTIONS.binary_search_by(|action| action.name.cmp(name)).ok().map(|at| &ACTIONS[at])
    }

    /// Whether the actions of a service, by the prefix of their names, are known.
    pub fn knows_service(prefix: &str) -> bool {
        ACTIONS.iter().any(|action| action.name.split(':').next() == Some(prefix))
    }

    /// Whether it can be for a resource: an ARN of one of its forms, or `*` for an action that has none.
    pub fn is_for(&self, resource: &str) -> bool {
        if self.resources.is_empty() {
            return resource == "*";
        }
        // Some kinds have a form for each of two APIs.
        self.resources.iter().flat_map(|kind| kind.arn.split(", ")).any(|form| has_form(resource, form))
    }

    /// Whether a condition key comes with it or with one of its resources.
    pub fn has_key(&self, key: &str) -> bool {
        let of_resources = self.resources.iter().flat_map(|kind| kind.keys);
        self.keys.iter().chain(of_resources).any(|known| has_form(key, known))
    }
}

/// Whether a text has a form in which `${…}` stands for one character at least. Letters match in either case: condition
/// keys do, and ARNs are told apart by more than that.
fn has_form(text: &str, form: &str) -> bool {
    let (text, form) = (text.to_ascii_lowercase(), form.to_ascii_lowercase());
    let mut literals = form.split("${").enumerate().map(|(at, part)| match at {
        0 => part,
        _ => part.split_once('}').map_or(part, |(_, after)| after),
    });
    let Some(mut rest) = literals.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut literals = literals.peekable();
    if literals.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(literal) = literals.next() {
        let Some(one) = rest.chars().next() else { return false };
        rest = &rest[one.len_utf8()..];
        if literals.peek().is_none() {
            return rest.ends_with(literal);
        }
        // The first place is as good as any: what follows has the more room.
        let Some(at) = rest.find(literal) else { return false };
        rest = &rest[at + literal.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(action: &str, resource: &str, expected: bool) {
        let facts = ActionFacts::find(action).expect("a known action");
        assert_eq!(facts.is_for(resource), expected, "{action} {resource}");
    }

    #[test]
    fn actions_are_for_the_resources_that_iam_documents() {
        check("lambda:GetFunction", "arn:aws:lambda:us-east-1:000000000000:function:f", true);
        check("lambda:GetFunction", "arn:aws:lambda:us-east-1:000000000000:function:", false);
        check("lambda:GetFunction", "arn:aws:lambda:us-east-1:000000000000:layer:l", false);
        check("lambda:GetFunction", "*", false);
        check("lambda:ListFunctions", "*", true);
        check("iam:GetUser", "arn:aws:iam::000000000000:user/team/ada", true);
        check("iam:GetUser", "arn:aws:iam::000000000000:role/ada", false);
        check("iam:PassRole", "arn:aws:iam::000000000000:role/app/r", true);
        assert!(
            ActionFacts::find("lambda:Nonsense").is_none() && ActionFacts::find("sqs:SendMessage").is_none()
        );
        assert!(ActionFacts::knows_service("logs") && !ActionFacts::knows_service("sqs"));
    }

    #[test]
    fn condition_keys_are_those_of_the_action_and_its_resources() {
        let create = ActionFacts::find("lambda:CreateFunction").expect("a known action");
        assert!(create.has_key("aws:RequestTag/owner") && create.has_key("LAMBDA:layer"));
        assert!(create.has_key("aws:ResourceTag/owner"), "functions have tags");
        assert!(!create.has_key("iam:PassedToService") && !create.has_key("aws:RequestTag/"));
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(ACTIONS.is_sorted_by(|a, b| a.name < b.name));
        assert!(ACTIONS.len() > 400);
    }
}

//! Which events a subscription filter takes by their system fields: `@aws.region = "us-east-1" AND @aws.account NOT IN ["1", "2"]`.
//!
//! Source: `fieldSelectionCriteria` of
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html>. `AND` binds before `OR`;
//! keywords are in any case.

use crate::names::GroupName;
use crate::pattern::Invalid;
use crate::pattern::scan::Scan;

/// The system fields of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SystemField {
    Account,
    Region,
}

impl SystemField {
    const ALL: [Self; 2] = [Self::Account, Self::Region];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Account => "@aws.account",
            Self::Region => "@aws.region",
        }
    }

    /// The field of a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// What it is for the events of a group.
    pub(crate) fn of(self, group: &GroupName) -> String {
        match self {
            Self::Account => group.account.to_string(),
            Self::Region => group.region.to_string(),
        }
    }
}

/// Parsed criteria: one of the lists must hold, and of it all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Criteria(Vec<Vec<Test>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    field: SystemField,
    /// Whether the field is to be among the values, or not.
    among: bool,
    values: Vec<String>,
}

impl Criteria {
    /// Parses criteria; the empty text takes everything.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let mut scan = Scan::new(text.trim());
        if scan.peek().is_none() {
            return Ok(Self(vec![Vec::new()]));
        }
        let mut any = Vec::new();
        loop {
            let mut all = vec![Test::parse(&mut scan)?];
            while scan.eat_word("AND") {
                all.push(Test::parse(&mut scan)?);
            }
            any.push(all);
            if !scan.eat_word("OR") {
                break;
            }
        }
        match scan.next_solid() {
            Some(c) => Err(Invalid::new(format!("'{c}' after its end"))),
            None => Ok(Self(any)),
        }
    }

    /// Whether a group's events are taken.
    pub(crate) fn take(&self, group: &GroupName) -> bool {
        let holds = |test: &Test| test.values.contains(&test.field.of(group)) == test.among;
        self.0.iter().any(|all| all.iter().all(holds))
    }
}

impl Test {
    fn parse(scan: &mut Scan<'_>) -> Result<Self, Invalid> {
        scan.next_solid();
        let name = scan.take_while(|c| c.is_ascii_alphanumeric() || c == '@' || c == '.');
        let field = SystemField::parse(name)
            .ok_or_else(|| Invalid::new(format!("'{name}' is neither @aws.account nor @aws.region")))?;
        if scan.eat("!=") {
            return Ok(Self { field, among: false, values: vec![value(scan)?] });
        }
        if scan.eat("=") {
            return Ok(Self { field, among: true, values: vec![value(scan)?] });
        }
        let among = !scan.eat_word("NOT");
        if !scan.eat_word("IN") {
            return Err(Invalid::new("a field is followed by =, !=, IN or NOT IN"));
        }
        scan.expect("[")?;
        let mut values = vec![value(scan)?];
        while scan.eat(",") {
            values.push(value(scan)?);
        }
        scan.expect("]")?;
        Ok(Self { field, among, values })
    }
}

fn value(scan: &mut Scan<'_>) -> Result<String, Invalid> {
    scan.next_solid();
    scan.quoted()?.ok_or_else(|| Invalid::new("a value stands in double quotes"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weft_types::{AccountId, Region};

    use super::*;

    fn check(criteria: &str, expected: Option<bool>) {
        let group =
            GroupName { account: AccountId::DEFAULT, region: Region::default(), name: "/app".to_owned() };
        let taken = Criteria::parse(criteria).ok().map(|criteria| criteria.take(&group));
        assert_eq!(taken, expected, "{criteria}");
    }

    #[test]
    fn events_are_taken_by_their_account_and_region() {
        check("", Some(true));
        check(r#"@aws.region = "us-east-1""#, Some(true));
        check(r#"@aws.region="eu-west-1""#, Some(false));
        check(r#"@aws.region != "eu-west-1""#, Some(true));
        check(r#"@aws.account IN ["123456789012", "000000000000"]"#, Some(true));
        check(r#"@aws.account NOT IN ["123456789012","000000000000"]"#, Some(false));
        check(r#"@aws.account not in ["123456789012"] and @aws.region = "us-east-1""#, Some(true));
        check(r#"@aws.region = "a" AND @aws.region = "b" OR @aws.account = "000000000000""#, Some(true));
        check(r#"@aws.account = "000000000000" OR @aws.region = "a" AND @aws.region = "b""#, Some(true));
        check(r#"@aws.region = "a" OR @aws.region = "b""#, Some(false));
    }

    #[test]
    fn what_is_no_criteria_is_refused() {
        for text in [
            "x",
            "@aws.region",
            "@aws.region =",
            "@aws.region = us-east-1",
            r#"@aws.regions = "a""#,
            r#"@log = "a""#,
            r#"@aws.region > "a""#,
            r#"@aws.region IN "a""#,
            "@aws.region IN []",
            r#"@aws.region IN ["a""#,
            r#"@aws.region NOT ["a"]"#,
            r#"@aws.region = "a" AND"#,
            r#"@aws.region = "a" @aws.region = "b""#,
        ] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_criteria_or_not(text in "\\PC{0,60}") {
            let _ = Criteria::parse(&text);
        }
    }
}

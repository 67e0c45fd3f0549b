use crate::{Policy, PolicyKind};

/// What AWS says to a document, or `ok`. `'` stands for `"`.
#[track_caller]
fn check(kind: PolicyKind, text: &str, expected: &str) {
    let found = Policy::parse_as(kind, &text.replace('\'', "\""));
    assert_eq!(found.map_or_else(|error| error.to_string(), |_| "ok".to_owned()), expected, "{text}");
}

#[track_caller]
fn check_statement(kind: PolicyKind, statement: &str, expected: &str) {
    check(kind, &format!("{{'Version':'2012-10-17','Statement':{{{statement}}}}}"), expected);
}

const SYNTAX: &str = "Syntax errors in policy.";

#[test]
fn the_frame_of_a_document() {
    let ok = "'Effect':'Allow','Action':'s3:*','Resource':'*'";
    let with = |head: &str| format!("{{{head}'Statement':[{{{ok}}}]}}");
    let managed = PolicyKind::Managed;
    check(managed, &with("'Version':'2012-10-17',"), "ok");
    check(managed, &with("'Id':'x','Version':'2012-10-17',"), "ok");
    check(
        managed,
        &with("'Version':'2008-10-17',"),
        "Policy document must be version 2012-10-17 or greater.",
    );
    check(managed, &with(""), "Policy document must be version 2012-10-17 or greater.");
    check(PolicyKind::Identity, &with(""), "ok");
    check(managed, &with("'Version':'2013-10-17',"), SYNTAX);
    check(managed, &with("'Version':'2012-10-17','Extra':1,"), SYNTAX);
    check(managed, &with("'Version':'2012-10-17','Version':'2012-10-17',"), SYNTAX);
    check(managed, "", SYNTAX);
    check(managed, "nonsense", SYNTAX);
    check(managed, "[]", SYNTAX);
    check(managed, "{'Version':'2012-10-17'}", SYNTAX);
    check(managed, "{'Version':'2012-10-17','Statement':[]}", SYNTAX);
    check(managed, "{'Version':'2012-10-17','Statement':['x']}", SYNTAX);
    check(PolicyKind::Trust, "nonsense", "This policy contains invalid Json");
    check(managed, &"[".repeat(100_000), SYNTAX);
}

#[test]
fn the_elements_of_an_identity_statement() {
    let check = |statement: &str, expected: &str| check_statement(PolicyKind::Identity, statement, expected);
    let vendor = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    check("'Effect':'Allow','Action':'s3:*','Resource':'*'", "ok");
    check("'Effect':'Allow','Action':['s3:*','*'],'Resource':['*','arn:aws:s3:::b']", "ok");
    check("'Sid':'Abc1','Effect':'Deny','NotAction':'s3:*','NotResource':'*'", "ok");
    check("'Sid':'','Effect':'Deny','NotAction':'s3:*','NotResource':'*'", "ok");
    check("'Effect':'allow','Action':'s3:*','Resource':'*'", SYNTAX);
    check("'Action':'s3:*','Resource':'*'", SYNTAX);
    check("'Effect':'Allow','Resource':'*'", "Policy statement must contain actions.");
    check("'Effect':'Allow','Action':[],'Resource':'*'", "Policy statement must contain actions.");
    check("'Effect':'Allow','Action':'s3:*'", "Policy statement must contain resources.");
    check("'Effect':'Allow','Action':'s3:*','Resource':[]", "Policy statement must contain resources.");
    check("'Effect':'Allow','Action':'s3:*','NotAction':'s3:*','Resource':'*'", SYNTAX);
    check("'Effect':'Allow','Action':'s3:*','Resource':'*','NotResource':'*'", SYNTAX);
    check("'Effect':'Allow','Action':'s3','Resource':'*'", vendor);
    check("'Effect':'Allow','Action':'s 3:Get','Resource':'*'", "Vendor s 3 is not valid");
    check("'Effect':'Allow','Action':7,'Resource':'*'", SYNTAX);
    check(
        "'Effect':'Allow','Action':'s3:*','Resource':'bucket'",
        "Resource bucket must be in ARN format or \"*\".",
    );
    check(
        "'Effect':'Allow','Action':'s3:*','Resource':'*','Principal':'*'",
        "Policy document should not specify a principal.",
    );
    check("'Effect':'Allow','Action':'s3:*','Resource':'*','Colour':'red'", SYNTAX);
    check("'Effect':'Allow','Action':'s3:*','Resource':'*','Condition':[]", SYNTAX);
    check("'Effect':'Allow','Action':'s3:*','Resource':'*','Condition':{'Bool':{'a:b':true}}", "ok");
    check("'Effect':'Allow','Action':'s3:*','Resource':'*','Condition':{'Likes':{'a:b':'x'}}", SYNTAX);
    check("'Effect':'Allow','Action':'s3:*','Resource':'*','Condition':{'Bool':{'ab':true}}", vendor);
    check("'Effect':'Allow','Action':'s3:*','Resource':'*','Condition':{'Bool':{'a:b':{}}}", SYNTAX);
    check(
        "'Sid':'a-b','Effect':'Allow','Action':'s3:*','Resource':'*'",
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    );
}

#[test]
fn sids_are_unique() {
    let one = "{'Sid':'A','Effect':'Allow','Action':'s3:*','Resource':'*'}";
    check(
        PolicyKind::Identity,
        &format!("{{'Version':'2012-10-17','Statement':[{one},{one}]}}"),
        "Statement IDs (SID) in a single policy must be unique.",
    );
}

#[test]
fn the_elements_of_a_trust_statement() {
    let check = |statement: &str, expected: &str| check_statement(PolicyKind::Trust, statement, expected);
    let with =
        |principal: &str| format!("'Effect':'Allow','Action':'sts:AssumeRole','Principal':{principal}");
    check(&with("'*'"), "ok");
    check(&with("{'AWS':'*'}"), "ok");
    check(&with("{'AWS':['000000000000','arn:aws:iam::000000000000:root']}"), "ok");
    check(&with("{'AWS':'arn:aws:sts::000000000000:assumed-role/r/s'}"), "ok");
    check(&with("{'Service':['lambda.amazonaws.com','compute.weft.localhost']}"), "ok");
    check(&with("{'Federated':'cognito-identity.amazonaws.com'}"), "ok");
    check(&with("{}"), "Missing required field Principal");
    check(&with("{'AWS':'bob'}"), "Invalid principal in policy: \"AWS\":\"bob\"");
    check(
        &with("{'AWS':'arn:aws:iam::000000000000:user/*'}"),
        "Invalid principal in policy: \"AWS\":\"arn:aws:iam::000000000000:user/*\"",
    );
    check(&with("{'AWS':['AIDAADAADAADAADAADAAD','AROADEVDEVDEVDEV']}"), "ok");
    check(&with("{'AWS':'AROAdev'}"), "Invalid principal in policy: \"AWS\":\"AROAdev\"");
    check(
        &with("{'AWS':'AKIAADAADAADAADAADAA'}"),
        "Invalid principal in policy: \"AWS\":\"AKIAADAADAADAADAADAA\"",
    );
    check(&with("{'AWS':'arn:aws:s3:::b'}"), "Invalid principal in policy: \"AWS\":\"arn:aws:s3:::b\"");
    check(&with("{'Service':'lambda'}"), "Invalid principal in policy: \"Service\":\"lambda\"");
    check(&with("{'Robot':'r2'}"), SYNTAX);
    check("'Effect':'Allow','Action':'sts:AssumeRole'", "Missing required field Principal");
    check("'Effect':'Allow','Principal':'*'", "Missing required field Action");
    check("'Action':'sts:AssumeRole','Principal':'*'", "Missing required field Effect");
    check(
        "'Effect':'Allow','Action':'s3:*','Principal':'*'",
        "AssumeRole policy may only specify STS AssumeRole actions.",
    );
    check(
        "'Effect':'Allow','Action':'sts:AssumeRole','Principal':'*','Resource':'*'",
        "Has prohibited field Resource",
    );
}

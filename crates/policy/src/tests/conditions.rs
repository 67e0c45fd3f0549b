use super::check;

/// A statement that allows all under one condition, and the same as a Deny beside an Allow.
#[track_caller]
fn met(operator: &str, key_and_values: &str, keys: &str, expected: bool) {
    both(operator, key_and_values, keys, if expected { "met" } else { "not met" });
}

/// What cannot be decided never helps: neither as an Allow nor as a Deny.
#[track_caller]
fn unknown(operator: &str, key_and_values: &str, keys: &str) {
    both(operator, key_and_values, keys, "unknown");
}

#[track_caller]
fn both(operator: &str, key_and_values: &str, keys: &str, expected: &str) {
    let condition = format!("'Condition':{{'{operator}':{{{key_and_values}}}}}");
    let (allowed, denied) = match expected {
        "met" => ("allow", "deny"),
        "not met" => ("none", "allow"),
        _ => ("none", "deny"),
    };
    check(&format!("{{'Effect':'Allow','Action':'*','Resource':'*',{condition}}}"), "x:Y *", keys, allowed);
    let deny = format!(
        "{{'Effect':'Allow','Action':'*','Resource':'*'}},{{'Effect':'Deny','Action':'*','Resource':'*',{condition}}}"
    );
    check(&deny, "x:Y *", keys, denied);
}

#[test]
fn texts() {
    met("StringEquals", "'a:b':'x'", "a:b=x", true);
    met("StringEquals", "'A:B':'x'", "a:b=x", true);
    met("StringEquals", "'a:b':'x'", "a:b=X", false);
    met("StringEquals", "'a:b':['y','x']", "a:b=x", true);
    met("StringEquals", "'a:b':'*'", "a:b=x", false);
    met("StringEquals", "'a:b':'x'", "", false);
    met("StringEquals", "'a:b':'x','a:c':'y'", "a:b=x a:c=y", true);
    met("StringEquals", "'a:b':'x','a:c':'y'", "a:b=x a:c=z", false);
    met("StringEquals", "'a:b':true", "a:b=true", true);
    met("StringNotEquals", "'a:b':'x'", "a:b=y", true);
    met("StringNotEquals", "'a:b':['x','y']", "a:b=y", false);
    met("StringNotEquals", "'a:b':'x'", "", true);
    met("StringEqualsIgnoreCase", "'a:b':'xY'", "a:b=Xy", true);
    met("StringNotEqualsIgnoreCase", "'a:b':'xY'", "a:b=Xy", false);
    met("StringLike", "'a:b':'x*z'", "a:b=xyyz", true);
    met("StringLike", "'a:b':'x?z'", "a:b=xyyz", false);
    met("StringLike", "'a:b':'X*'", "a:b=xyyz", false);
    met("StringNotLike", "'a:b':'x*'", "a:b=xy", false);
    met("StringNotLike", "'a:b':'x*'", "a:b=yx", true);
}

#[test]
fn absent_keys() {
    met("StringEqualsIfExists", "'a:b':'x'", "", true);
    met("StringEqualsIfExists", "'a:b':'x'", "a:b=y", false);
    met("NumericLessThanIfExists", "'a:b':'3'", "", true);
    met("Null", "'a:b':'true'", "", true);
    met("Null", "'a:b':'true'", "a:b=x", false);
    met("Null", "'a:b':'false'", "a:b=x", true);
    met("Null", "'a:b':false", "", false);
    met("Bool", "'a:b':'true'", "", false);
}

#[test]
fn several_values() {
    met("ForAnyValue:StringEquals", "'a:b':['x','y']", "a:b=y|z", true);
    met("ForAnyValue:StringEquals", "'a:b':['x','y']", "a:b=u|z", false);
    met("ForAnyValue:StringEquals", "'a:b':['x','y']", "", false);
    met("ForAllValues:StringEquals", "'a:b':['x','y']", "a:b=x|y", true);
    met("ForAllValues:StringEquals", "'a:b':['x','y']", "a:b=x|z", false);
    met("ForAllValues:StringEquals", "'a:b':['x','y']", "", true);
    met("ForAllValues:StringLike", "'a:b':'x*'", "a:b=xa|xb", true);
}

#[test]
fn numbers_dates_and_booleans() {
    met("NumericEquals", "'a:b':'10'", "a:b=10.0", true);
    met("NumericEquals", "'a:b':10", "a:b=10", true);
    met("NumericNotEquals", "'a:b':'10'", "a:b=11", true);
    met("NumericLessThan", "'a:b':'10'", "a:b=9", true);
    met("NumericLessThan", "'a:b':'10'", "a:b=10", false);
    met("NumericLessThanEquals", "'a:b':'10'", "a:b=10", true);
    met("NumericGreaterThan", "'a:b':'10'", "a:b=10", false);
    met("NumericGreaterThanEquals", "'a:b':'10'", "a:b=10", true);
    met(
        "DateGreaterThan",
        "'aws:CurrentTime':'2026-01-01T00:00:00Z'",
        "aws:CurrentTime=2026-11-24T00:00:00Z",
        true,
    );
    met("DateLessThan", "'aws:CurrentTime':'2026-01-01'", "aws:CurrentTime=2026-11-24T00:00:00Z", false);
    met("DateLessThan", "'aws:EpochTime':'1800000000'", "aws:EpochTime=1795485723", true);
    met("DateEquals", "'a:b':'1970-01-01'", "a:b=0", true);
    met("DateNotEquals", "'a:b':'1970-01-02'", "a:b=0", true);
    met("Bool", "'aws:SecureTransport':'true'", "aws:SecureTransport=true", true);
    met("Bool", "'aws:SecureTransport':'false'", "aws:SecureTransport=true", false);
    met("Bool", "'aws:SecureTransport':false", "aws:SecureTransport=false", true);
}

#[test]
fn arns_and_addresses() {
    let role = "aws:PrincipalArn=arn:aws:iam::000000000000:role/deploy/ci";
    met("ArnLike", "'aws:PrincipalArn':'arn:aws:iam::*:role/deploy/*'", role, true);
    met("ArnEquals", "'aws:PrincipalArn':'arn:aws:iam::*:role/deploy/*'", role, true);
    met("ArnLike", "'aws:PrincipalArn':'arn:aws:iam::*:user/*'", role, false);
    met("ArnLike", "'aws:PrincipalArn':'arn:aws:iam:*:role/deploy/ci'", role, false);
    met("ArnNotLike", "'aws:PrincipalArn':'arn:aws:iam::*:user/*'", role, true);
    met("ArnNotEquals", "'aws:PrincipalArn':'arn:aws:iam::*:role/*'", role, false);
    met("IpAddress", "'aws:SourceIp':'10.0.0.0/8'", "aws:SourceIp=10.1.2.3", true);
    met("IpAddress", "'aws:SourceIp':'10.0.0.0/8'", "aws:SourceIp=11.1.2.3", false);
    met("IpAddress", "'aws:SourceIp':['192.168.0.1','127.0.0.1/32']", "aws:SourceIp=127.0.0.1", true);
    met("IpAddress", "'aws:SourceIp':'0.0.0.0/0'", "aws:SourceIp=203.0.113.9", true);
    met("IpAddress", "'aws:SourceIp':'2001:db8::/32'", "aws:SourceIp=2001:db8::1", true);
    met("IpAddress", "'aws:SourceIp':'2001:db8::/32'", "aws:SourceIp=10.0.0.1", false);
    met("IpAddress", "'aws:SourceIp':'10.0.0.0/8'", "aws:SourceIp=::ffff:10.1.2.3", true);
    met("NotIpAddress", "'aws:SourceIp':'10.0.0.0/8'", "aws:SourceIp=11.1.2.3", true);
    met("NotIpAddress", "'aws:SourceIp':'10.0.0.0/8'", "aws:SourceIp=10.1.2.3", false);
    met("StringEquals", "'a:b':'${aws:username}'", "a:b=ada aws:username=ada", true);
    met("StringLike", "'a:b':'${aws:username}/*'", "a:b=ada/x aws:username=ada", true);
}

#[test]
fn what_is_not_understood_never_helps() {
    unknown("StringMatches", "'a:b':'x'", "a:b=x");
    unknown("stringequals", "'a:b':'x'", "a:b=x");
    unknown("ForSomeValues:StringEquals", "'a:b':'x'", "a:b=x");
    unknown("StringEquals", "'nokey':'x'", "nokey=x");
    unknown("StringEquals", "':b':'x'", ":b=x");
    unknown("NullIfExists", "'a:b':'true'", "");
    unknown("NumericEquals", "'a:b':'ten'", "a:b=10");
    unknown("NumericEquals", "'a:b':'10'", "a:b=ten");
    unknown("NumericNotEquals", "'a:b':'10'", "a:b=ten");
    unknown("DateLessThan", "'a:b':'tomorrow'", "a:b=0");
    unknown("IpAddress", "'aws:SourceIp':'10.0.0.0/33'", "aws:SourceIp=10.0.0.1");
    unknown("Bool", "'a:b':'yes'", "a:b=true");
    unknown("StringEquals", "'a:b':'${aws:username}'", "a:b=ada");
    // One condition that is surely not met settles the statement.
    met("StringEquals", "'a:b':'x','nokey':'x'", "a:b=y", false);
}

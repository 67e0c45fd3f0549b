//! Policy variables: where they are filled in, their defaults, the special characters, and the older language that has none.
use super::Row;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("ada", "I+ s3:* arn:aws:s3:::b/${aws:username}/*", "s3:GetObject arn:aws:s3:::b/ada/k", "aws:username=ada", "allow"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${aws:username}/*", "s3:GetObject arn:aws:s3:::b/bob/k", "aws:username=ada", "no identity"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${AWS:UserName}/*", "s3:GetObject arn:aws:s3:::b/ada/k", "aws:username=ada", "allow"),
    ("dev", "I+ s3:* arn:aws:s3:::b/${aws:username}/*", "s3:GetObject arn:aws:s3:::b/ada/k", "", "no identity"),
    ("dev", "I+ s3:* arn:aws:s3:::b/${aws:userid}/*", "s3:GetObject arn:aws:s3:::b/AROAEXAMPLE:s1/k", "aws:userid=AROAEXAMPLE:s1", "allow"),
    ("ada", "I+ sns:* arn:aws:sns:*:*:${aws:PrincipalTag/team}", "sns:Publish arn:aws:sns:us-east-1:111122223333:blue", "aws:PrincipalTag/team=blue", "allow"),
    ("ada", "I+ sns:* arn:aws:sns:*:*:${aws:PrincipalTag/team}", "sns:Publish arn:aws:sns:us-east-1:111122223333:red", "aws:PrincipalTag/team=blue", "no identity"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${aws:PrincipalTag/team,'company-wide'}/*", "s3:GetObject arn:aws:s3:::b/company-wide/k", "", "allow"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${aws:PrincipalTag/team,'company-wide'}/*", "s3:GetObject arn:aws:s3:::b/yellow/k", "aws:PrincipalTag/team=yellow", "allow"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${aws:PrincipalTag/team,'company-wide'}/*", "s3:GetObject arn:aws:s3:::b/company-wide/k", "aws:PrincipalTag/team=yellow", "no identity"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${aws:PrincipalTag/team}/*", "s3:GetObject arn:aws:s3:::b//k", "", "no identity"),
    // A value's wildcards stand for themselves.
    ("ada", "I+ s3:* arn:aws:s3:::b/${aws:username}/*", "s3:GetObject arn:aws:s3:::b/bob/k", "aws:username=*", "no identity"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${aws:username}/*", "s3:GetObject arn:aws:s3:::b/b/k", "aws:username=?", "no identity"),
    // Special characters.
    ("ada", "I+ s3:* arn:aws:s3:::b/${*}", "s3:GetObject arn:aws:s3:::b/*", "", "allow"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${*}", "s3:GetObject arn:aws:s3:::b/k", "", "no identity"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${?}", "s3:GetObject arn:aws:s3:::b/?", "", "allow"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${?}", "s3:GetObject arn:aws:s3:::b/k", "", "no identity"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${$}{x}", "s3:GetObject arn:aws:s3:::b/${x}", "", "allow"),
    ("ada", "I+ s3:* arn:aws:s3:::b/a${*}*", "s3:GetObject arn:aws:s3:::b/a*bc", "", "allow"),
    ("ada", "I+ s3:* arn:aws:s3:::b/a${*}*", "s3:GetObject arn:aws:s3:::b/abc", "", "no identity"),
    // In conditions, for texts and ARNs.
    ("ada", "I+ * * if StringEquals aws:ResourceTag/owner=${aws:username}", "x:Y *", "aws:ResourceTag/owner=ada aws:username=ada", "allow"),
    ("ada", "I+ * * if StringEquals aws:ResourceTag/owner=${aws:username}", "x:Y *", "aws:ResourceTag/owner=bob aws:username=ada", "no identity"),
    ("ada", "I+ * * if StringEquals aws:ResourceTag/owner=${aws:username}", "x:Y *", "aws:ResourceTag/owner=bob", "no identity"),
    ("ada", "I+ * * if StringEqualsIgnoreCase aws:ResourceTag/owner=${aws:username}", "x:Y *", "aws:ResourceTag/owner=ADA aws:username=ada", "allow"),
    ("ada", "I+ * * if StringLike s3:prefix=home/${aws:username}/*", "x:Y *", "s3:prefix=home/ada/x aws:username=ada", "allow"),
    ("ada", "I+ * * if StringLike s3:prefix=home/${aws:username}/*", "x:Y *", "s3:prefix=home/bob/x aws:username=ada", "no identity"),
    ("ada", "I+ * * if StringNotEquals aws:RequestTag/team=${aws:PrincipalTag/team}", "x:Y *", "aws:RequestTag/team=a aws:PrincipalTag/team=b", "allow"),
    ("ada", "I+ * *; I- * * if StringNotEquals aws:ResourceTag/team=${aws:PrincipalTag/team}", "x:Y *", "aws:ResourceTag/team=a aws:PrincipalTag/team=a", "allow"),
    ("ada", "I+ * *; I- * * if StringNotEquals aws:ResourceTag/team=${aws:PrincipalTag/team}", "x:Y *", "aws:ResourceTag/team=a aws:PrincipalTag/team=b", "deny identity"),
    ("ada", "I+ * * if ArnEquals aws:SourceArn=arn:aws:s3:::${aws:username}", "x:Y *", "aws:SourceArn=arn:aws:s3:::ada aws:username=ada", "allow"),
    ("ada", "I+ * * if StringEquals aws:a=${aws:b,'x'}", "x:Y *", "aws:a=x", "allow"),
    ("ada", "I+ * * if ForAnyValue:StringEquals aws:TagKeys=${aws:username}", "x:Y *", "aws:TagKeys=x|ada aws:username=ada", "allow"),
    // A key with several values is no variable, and numbers have none.
    ("ada", "I+ * * if StringEquals aws:a=${aws:TagKeys}", "x:Y *", "aws:a=x aws:TagKeys=x|y", "no identity"),
    ("ada", "I+ * * if NumericEquals aws:a=${aws:b}", "x:Y *", "aws:a=1 aws:b=1", "no identity"),
    // A denial with a variable that has no value applies.
    ("ada", "I+ * *; I- s3:* arn:aws:s3:::b/${aws:username}/*", "s3:GetObject arn:aws:s3:::b/bob/k", "aws:username=ada", "allow"),
    ("ada", "I+ * *; I- s3:* arn:aws:s3:::b/${aws:username}/*", "s3:GetObject arn:aws:s3:::b/bob/k", "", "deny identity"),
    ("ada", "I+ s3:* !arn:aws:s3:::b/${aws:username}/*", "s3:GetObject arn:aws:s3:::b/ada/k", "aws:username=ada", "no identity"),
    ("ada", "I+ s3:* !arn:aws:s3:::b/${aws:username}/*", "s3:GetObject arn:aws:s3:::b/bob/k", "", "no identity"),
    // The language of 2008 has none: the text stands for itself.
    ("ada", "I+ s3:* arn:aws:s3:::b/${aws:username}/* 2008", "s3:GetObject arn:aws:s3:::b/ada/k", "aws:username=ada", "no identity"),
    ("ada", "I+ s3:* arn:aws:s3:::b/${aws:username}/* 2008", "s3:GetObject arn:aws:s3:::b/${aws:username}/k", "aws:username=ada", "allow"),
    ("ada", "I+ s3:* arn:aws:s3:::b/* 2008", "s3:GetObject arn:aws:s3:::b/k", "", "allow"),
    ("ada", "I+ * * 2008 if StringEquals aws:a=${aws:username}", "x:Y *", "aws:a=ada aws:username=ada", "no identity"),
    // In the policies of resources and boundaries as well.
    ("ada", "R+ s3:* arn:aws:s3:::b/${aws:username}/* @111122223333; I+ s3:* *", "s3:GetObject arn:aws:s3:::b/ada/k", "aws:username=ada", "allow"),
    ("ada", "R+ s3:* arn:aws:s3:::b/${aws:username}/* @ada", "s3:GetObject arn:aws:s3:::b/bob/k", "aws:username=ada", "no identity"),
    ("ada", "I+ * *; B+ s3:* arn:aws:s3:::b/${aws:username}/*", "s3:GetObject arn:aws:s3:::b/bob/k", "aws:username=ada", "no boundary"),
];

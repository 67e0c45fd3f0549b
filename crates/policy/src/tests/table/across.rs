//! Requests from one account for resources in another: both sides must allow.
use super::Row;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("eve", "I+ sqs:* *", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no resource"),
    ("eve", "R+ sqs:* * @eve", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no identity"),
    ("eve", "I+ sqs:* *; R+ sqs:* * @eve", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "allow"),
    ("eve", "I+ sqs:* *; R+ sqs:* * @444455556666", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "allow"),
    ("eve", "I+ sqs:* *; R+ sqs:* * @arn:aws:iam::444455556666:root", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "allow"),
    ("eve", "I+ sqs:* *; R+ sqs:* * @*", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "allow"),
    ("eve", "R+ sqs:* * @*", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no identity"),
    ("eve", "R+ sqs:* * @444455556666", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no identity"),
    ("eve", "I+ sqs:* *; R+ sqs:* * @111122223333", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no resource"),
    ("eve", "I+ sqs:* *; R+ sqs:* * @ada", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no resource"),
    ("eve", "I+ sqs:* *; R+ sqs:ReceiveMessage * @eve", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no resource"),
    ("eve", "I+ sqs:* arn:aws:sqs:us-east-1:444455556666:*; R+ sqs:* * @eve", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no identity"),
    ("eve", "I+ sqs:* *; R+ sqs:* * @eve; R- sqs:* * @444455556666", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "deny resource"),
    ("eve", "I+ sqs:* *; I- sqs:Send* *; R+ sqs:* * @eve", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "deny identity"),
    ("eve", "I+ sqs:* *; B+ s3:* *; R+ sqs:* * @eve", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no boundary"),
    ("eve", "I+ sqs:* *; B+ sqs:* *; R+ sqs:* * @eve", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "allow"),
    // A role's session in another account is limited by all of its own sets, however it is named.
    ("their-role", "I+ sqs:* *; R+ sqs:* * @ops", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "allow"),
    ("their-role", "R+ sqs:* * @ops", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no identity"),
    ("their-role", "R+ sqs:* * @ops/s2", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no identity"),
    ("their-role", "I+ sqs:* *; S+ s3:* *; R+ sqs:* * @ops/s2", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no session"),
    ("their-role", "I+ sqs:* *; B+ s3:* *; R+ sqs:* * @ops/s2", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no boundary"),
    ("their-role", "I+ sqs:* *; S+ sqs:* *; B+ sqs:* *; R+ sqs:* * @ops/s2", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "allow"),
    // Root of another account needs the resource's word as well, and no other.
    ("their-root", "", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no resource"),
    ("their-root", "R+ sqs:* * @444455556666", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "allow"),
    ("their-root", "R+ sqs:* * @eve", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no resource"),
    // Conditions upon accounts.
    ("eve", "I+ sqs:* *; R+ sqs:* * @* if StringEquals aws:PrincipalAccount=444455556666", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "aws:PrincipalAccount=444455556666", "allow"),
    ("eve", "I+ sqs:* *; R+ sqs:* * @* if StringEquals aws:PrincipalAccount=777788889999", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "aws:PrincipalAccount=444455556666", "no resource"),
    ("eve", "I+ sqs:* *; R+ sqs:* * @* if StringEquals aws:PrincipalOrgID=o-a1b2c3", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "no resource"),
    ("eve", "I+ sqs:* * if StringEquals aws:ResourceAccount=${aws:PrincipalAccount}; R+ sqs:* * @eve", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "aws:ResourceAccount=111122223333 aws:PrincipalAccount=444455556666", "no identity"),
    // Roles of another account, with an external id.
    ("eve", "I+ sts:AssumeRole *; T+ sts:AssumeRole . @444455556666 if StringEquals sts:ExternalId=12345", "sts:AssumeRole arn:aws:iam::111122223333:role/r", "sts:ExternalId=12345", "allow"),
    ("eve", "I+ sts:AssumeRole *; T+ sts:AssumeRole . @444455556666 if StringEquals sts:ExternalId=12345", "sts:AssumeRole arn:aws:iam::111122223333:role/r", "sts:ExternalId=54321", "no resource"),
    ("eve", "I+ sts:AssumeRole *; T+ sts:AssumeRole . @444455556666 if StringEquals sts:ExternalId=12345", "sts:AssumeRole arn:aws:iam::111122223333:role/r", "", "no resource"),
    ("eve", "T+ sts:AssumeRole . @444455556666", "sts:AssumeRole arn:aws:iam::111122223333:role/r", "", "no identity"),
    ("eve", "I+ sts:AssumeRole arn:aws:iam::111122223333:role/other; T+ sts:AssumeRole . @eve", "sts:AssumeRole arn:aws:iam::111122223333:role/r", "", "no identity"),
    // Of one's own account it is not a matter whether the ARN has the account.
    ("ada", "I+ sqs:* *", "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:q", "", "allow"),
    ("ada", "I+ s3:* *", "s3:ListBucket arn:aws:s3:::b", "", "allow"),
    ("ada", "I+ iam:Get* *", "iam:GetPolicy arn:aws:iam::aws:policy/ReadOnlyAccess", "", "allow"),
];

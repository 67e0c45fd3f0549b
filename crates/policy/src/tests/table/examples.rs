//! The example policies of the IAM user guide, each with a request that it lets through and one that it does not.
use super::Row;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Access within a span of dates.
    ("ada", "I+ logs:* * if DateGreaterThan aws:CurrentTime=2026-07-01T00:00:00Z & DateLessThan aws:CurrentTime=2026-12-31T23:59:59Z", "logs:PutLogEvents *", "aws:CurrentTime=2026-11-25T00:00:00Z", "allow"),
    ("ada", "I+ logs:* * if DateGreaterThan aws:CurrentTime=2026-07-01T00:00:00Z & DateLessThan aws:CurrentTime=2026-12-31T23:59:59Z", "logs:PutLogEvents *", "aws:CurrentTime=2027-01-01T00:00:00Z", "no identity"),
    // Only some regions, but for services that have none.
    ("ada", "I+ * *; I- !cloudfront:*,iam:*,route53:*,support:* * if StringNotEquals aws:RequestedRegion=eu-central-1|eu-west-1", "ec2:RunInstances *", "aws:RequestedRegion=us-east-1", "deny identity"),
    ("ada", "I+ * *; I- !cloudfront:*,iam:*,route53:*,support:* * if StringNotEquals aws:RequestedRegion=eu-central-1|eu-west-1", "ec2:RunInstances *", "aws:RequestedRegion=eu-west-1", "allow"),
    ("ada", "I+ * *; I- !cloudfront:*,iam:*,route53:*,support:* * if StringNotEquals aws:RequestedRegion=eu-central-1|eu-west-1", "iam:ListUsers *", "aws:RequestedRegion=us-east-1", "allow"),
    // Only from the company's addresses, unless a service calls on the caller's behalf.
    ("ada", "I+ * *; I- * * if NotIpAddress aws:SourceIp=192.0.2.0/24|203.0.113.0/24", "s3:GetObject *", "aws:SourceIp=192.0.2.4", "allow"),
    ("ada", "I+ * *; I- * * if NotIpAddress aws:SourceIp=192.0.2.0/24|203.0.113.0/24", "s3:GetObject *", "aws:SourceIp=198.51.100.4", "deny identity"),
    // Users look after their own keys.
    ("ada", "I+ iam:*AccessKey* arn:aws:iam::*:user/${aws:username}", "iam:CreateAccessKey arn:aws:iam::111122223333:user/ada", "aws:username=ada", "allow"),
    ("ada", "I+ iam:*AccessKey* arn:aws:iam::*:user/${aws:username}", "iam:CreateAccessKey arn:aws:iam::111122223333:user/team/bob", "aws:username=ada", "no identity"),
    ("ada", "I+ iam:GetUser arn:aws:iam::*:user/${aws:username}", "iam:DeleteUser arn:aws:iam::111122223333:user/ada", "aws:username=ada", "no identity"),
    // Nothing but one's own credentials until a second factor was shown.
    ("ada", "I+ * *; I- !iam:CreateVirtualMFADevice,iam:EnableMFADevice,iam:GetUser,iam:ListMFADevices,sts:GetSessionToken * if BoolIfExists aws:MultiFactorAuthPresent=false", "s3:ListAllMyBuckets *", "aws:MultiFactorAuthPresent=false", "deny identity"),
    ("ada", "I+ * *; I- !iam:CreateVirtualMFADevice,iam:EnableMFADevice,iam:GetUser,iam:ListMFADevices,sts:GetSessionToken * if BoolIfExists aws:MultiFactorAuthPresent=false", "sts:GetSessionToken *", "aws:MultiFactorAuthPresent=false", "allow"),
    ("ada", "I+ * *; I- !iam:CreateVirtualMFADevice,iam:EnableMFADevice,iam:GetUser,iam:ListMFADevices,sts:GetSessionToken * if BoolIfExists aws:MultiFactorAuthPresent=false", "s3:ListAllMyBuckets *", "aws:MultiFactorAuthPresent=true", "allow"),
    ("ada", "I+ * * if NumericLessThan aws:MultiFactorAuthAge=3600", "s3:ListAllMyBuckets *", "aws:MultiFactorAuthAge=120", "allow"),
    ("ada", "I+ * * if NumericLessThan aws:MultiFactorAuthAge=3600", "s3:ListAllMyBuckets *", "aws:MultiFactorAuthAge=7200", "no identity"),
    ("ada", "I+ * * if NumericLessThan aws:MultiFactorAuthAge=3600", "s3:ListAllMyBuckets *", "", "no identity"),
    // A user's folder of a bucket.
    ("ada", "I+ s3:ListBucket arn:aws:s3:::b if StringLike s3:prefix=|home/|home/${aws:username}/*", "s3:ListBucket arn:aws:s3:::b", "s3:prefix=home/ada/a aws:username=ada", "allow"),
    ("ada", "I+ s3:ListBucket arn:aws:s3:::b if StringLike s3:prefix=|home/|home/${aws:username}/*", "s3:ListBucket arn:aws:s3:::b", "s3:prefix=home/bob/a aws:username=ada", "no identity"),
    ("ada", "I+ s3:ListBucket arn:aws:s3:::b if StringLike s3:prefix=|home/|home/${aws:username}/*", "s3:ListBucket arn:aws:s3:::b", "s3:prefix=home/ aws:username=ada", "allow"),
    // Items of a table whose key is one's own.
    ("ada", "I+ dynamodb:GetItem,dynamodb:Query arn:aws:dynamodb:*:*:table/GameScores if ForAllValues:StringEquals dynamodb:LeadingKeys=${www.amazon.com:user_id}", "dynamodb:GetItem arn:aws:dynamodb:us-east-1:111122223333:table/GameScores", "dynamodb:LeadingKeys=u1 www.amazon.com:user_id=u1", "allow"),
    ("ada", "I+ dynamodb:GetItem,dynamodb:Query arn:aws:dynamodb:*:*:table/GameScores if ForAllValues:StringEquals dynamodb:LeadingKeys=${www.amazon.com:user_id}", "dynamodb:GetItem arn:aws:dynamodb:us-east-1:111122223333:table/GameScores", "dynamodb:LeadingKeys=u2 www.amazon.com:user_id=u1", "no identity"),
    // Instances by their tags.
    ("ada", "I+ ec2:StartInstances,ec2:StopInstances arn:aws:ec2:*:*:instance/* if StringEquals aws:ResourceTag/Owner=${aws:username}", "ec2:StopInstances arn:aws:ec2:us-east-1:111122223333:instance/i-1", "aws:ResourceTag/Owner=ada aws:username=ada", "allow"),
    ("ada", "I+ ec2:StartInstances,ec2:StopInstances arn:aws:ec2:*:*:instance/* if StringEquals aws:ResourceTag/Owner=${aws:username}", "ec2:StopInstances arn:aws:ec2:us-east-1:111122223333:instance/i-1", "aws:ResourceTag/Owner=bob aws:username=ada", "no identity"),
    ("ada", "I+ ec2:StartInstances,ec2:StopInstances arn:aws:ec2:*:*:instance/* if StringEquals aws:ResourceTag/Owner=${aws:username}", "ec2:StopInstances arn:aws:ec2:us-east-1:111122223333:instance/i-1", "aws:username=ada", "no identity"),
    // Attribute-based access: what one makes and uses has one's own project.
    ("dev", "I+ secretsmanager:* * if StringEquals aws:ResourceTag/project=${aws:PrincipalTag/project}", "secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:111122223333:secret:s", "aws:ResourceTag/project=peg aws:PrincipalTag/project=peg", "allow"),
    ("dev", "I+ secretsmanager:* * if StringEquals aws:ResourceTag/project=${aws:PrincipalTag/project}", "secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:111122223333:secret:s", "aws:ResourceTag/project=uni aws:PrincipalTag/project=peg", "no identity"),
    ("dev", "I+ secretsmanager:CreateSecret * if StringEquals aws:RequestTag/project=${aws:PrincipalTag/project} & ForAllValues:StringEquals aws:TagKeys=project|team", "secretsmanager:CreateSecret *", "aws:RequestTag/project=peg aws:PrincipalTag/project=peg aws:TagKeys=project|team", "allow"),
    ("dev", "I+ secretsmanager:CreateSecret * if StringEquals aws:RequestTag/project=${aws:PrincipalTag/project} & ForAllValues:StringEquals aws:TagKeys=project|team", "secretsmanager:CreateSecret *", "aws:RequestTag/project=peg aws:PrincipalTag/project=peg aws:TagKeys=project|colour", "no identity"),
    // Roles may be passed to one service alone.
    ("ada", "I+ iam:PassRole arn:aws:iam::*:role/app/* if StringEquals iam:PassedToService=lambda.amazonaws.com", "iam:PassRole arn:aws:iam::111122223333:role/app/dev", "iam:PassedToService=lambda.amazonaws.com", "allow"),
    ("ada", "I+ iam:PassRole arn:aws:iam::*:role/app/* if StringEquals iam:PassedToService=lambda.amazonaws.com", "iam:PassRole arn:aws:iam::111122223333:role/app/dev", "iam:PassedToService=ec2.amazonaws.com", "no identity"),
    ("ada", "I+ iam:PassRole arn:aws:iam::*:role/app/* if StringEquals iam:PassedToService=lambda.amazonaws.com", "iam:PassRole arn:aws:iam::111122223333:role/admin", "iam:PassedToService=lambda.amazonaws.com", "no identity"),
    // Delegated administration: who makes users must bound them.
    ("ada", "I+ iam:CreateUser * if StringEquals iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/XCompanyBoundaries", "iam:CreateUser arn:aws:iam::111122223333:user/zo", "iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/XCompanyBoundaries", "allow"),
    ("ada", "I+ iam:CreateUser * if StringEquals iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/XCompanyBoundaries", "iam:CreateUser arn:aws:iam::111122223333:user/zo", "", "no identity"),
    ("ada", "I+ iam:* *; I- iam:DeleteUserPermissionsBoundary,iam:DeleteRolePermissionsBoundary *", "iam:DeleteUserPermissionsBoundary arn:aws:iam::111122223333:user/zo", "", "deny identity"),
    ("ada", "I+ iam:* *; B+ s3:*,cloudwatch:*,iam:CreateUser *; B- iam:*Boundary *", "iam:CreateUser arn:aws:iam::111122223333:user/zo", "", "allow"),
    ("ada", "I+ iam:* *; B+ s3:*,cloudwatch:*,iam:CreateUser *; B- iam:*Boundary *", "iam:DeleteUser arn:aws:iam::111122223333:user/zo", "", "no boundary"),
    // Policies of a path may be attached, others not.
    ("ada", "I+ iam:AttachUserPolicy * if ArnLike iam:PolicyARN=arn:aws:iam::111122223333:policy/safe/*", "iam:AttachUserPolicy arn:aws:iam::111122223333:user/zo", "iam:PolicyARN=arn:aws:iam::111122223333:policy/safe/read", "allow"),
    ("ada", "I+ iam:AttachUserPolicy * if ArnLike iam:PolicyARN=arn:aws:iam::111122223333:policy/safe/*", "iam:AttachUserPolicy arn:aws:iam::111122223333:user/zo", "iam:PolicyARN=arn:aws:iam::aws:policy/AdministratorAccess", "no identity"),
    // A bucket that takes encrypted connections only.
    ("ada", "I+ s3:* *; R- s3:* arn:aws:s3:::b,arn:aws:s3:::b/* @* if Bool aws:SecureTransport=false", "s3:GetObject arn:aws:s3:::b/k", "aws:SecureTransport=false", "deny resource"),
    ("ada", "I+ s3:* *; R- s3:* arn:aws:s3:::b,arn:aws:s3:::b/* @* if Bool aws:SecureTransport=false", "s3:GetObject arn:aws:s3:::b/k", "aws:SecureTransport=true", "allow"),
    // A bucket for one site's pages, by their referer.
    ("anonymous", "R+ s3:GetObject arn:aws:s3:::b/* @* if StringLike aws:Referer=http://www.example.com/*|http://example.com/*", "s3:GetObject arn:aws:s3:::b/k", "aws:Referer=http://example.com/page", "allow"),
    ("anonymous", "R+ s3:GetObject arn:aws:s3:::b/* @* if StringLike aws:Referer=http://www.example.com/*|http://example.com/*", "s3:GetObject arn:aws:s3:::b/k", "", "no resource"),
    // Logs of the service that assumes no role.
    ("delivery.logs.amazonaws.com", "R+ s3:PutObject arn:aws:s3:::b/logs/* @delivery.logs.amazonaws.com if StringEquals s3:x-amz-acl=bucket-owner-full-control & StringEquals aws:SourceAccount=111122223333", "s3:PutObject arn:aws:s3:::b/logs/a", "s3:x-amz-acl=bucket-owner-full-control aws:SourceAccount=111122223333", "allow"),
    ("delivery.logs.amazonaws.com", "R+ s3:PutObject arn:aws:s3:::b/logs/* @delivery.logs.amazonaws.com if StringEquals s3:x-amz-acl=bucket-owner-full-control & StringEquals aws:SourceAccount=111122223333", "s3:PutObject arn:aws:s3:::b/logs/a", "s3:x-amz-acl=private aws:SourceAccount=111122223333", "no resource"),
    // Carlos, who may write to his own bucket and is kept from another's by name.
    ("ada", "I+ s3:GetBucketLocation,s3:ListAllMyBuckets *; I+ s3:* arn:aws:s3:::ada-b,arn:aws:s3:::ada-b/*; I- s3:* arn:aws:s3:::logs,arn:aws:s3:::logs/*; R+ s3:PutObject arn:aws:s3:::logs/* @ada", "s3:PutObject arn:aws:s3:::logs/k", "", "deny identity"),
    ("ada", "I+ s3:GetBucketLocation,s3:ListAllMyBuckets *; I+ s3:* arn:aws:s3:::ada-b,arn:aws:s3:::ada-b/*", "s3:PutObject arn:aws:s3:::ada-b/k", "", "allow"),
    // Sessions that were made before a moment are over.
    ("dev", "I+ * *; I- * * if DateLessThan aws:TokenIssueTime=2026-01-01T00:00:00Z", "s3:GetObject *", "aws:TokenIssueTime=2025-12-31T00:00:00Z", "deny identity"),
    ("dev", "I+ * *; I- * * if DateLessThan aws:TokenIssueTime=2026-01-01T00:00:00Z", "s3:GetObject *", "aws:TokenIssueTime=2026-02-01T00:00:00Z", "allow"),
    // Who stands behind a session.
    ("dev", "I+ s3:* * if StringEquals aws:SourceIdentity=admin", "s3:GetObject *", "aws:SourceIdentity=admin", "allow"),
    ("dev", "I+ s3:* * if StringEquals aws:SourceIdentity=admin", "s3:GetObject *", "", "no identity"),
    // A function's own URL, open or for accounts.
    ("anonymous", "R+ lambda:InvokeFunctionUrl * @* if StringEquals lambda:FunctionUrlAuthType=NONE", "lambda:InvokeFunctionUrl arn:aws:lambda:us-east-1:111122223333:function:f", "lambda:FunctionUrlAuthType=NONE", "allow"),
    ("anonymous", "R+ lambda:InvokeFunctionUrl * @* if StringEquals lambda:FunctionUrlAuthType=NONE", "lambda:InvokeFunctionUrl arn:aws:lambda:us-east-1:111122223333:function:f", "lambda:FunctionUrlAuthType=AWS_IAM", "no resource"),
    ("eve", "I+ lambda:InvokeFunction *; R+ lambda:InvokeFunction arn:aws:lambda:us-east-1:111122223333:function:f @444455556666", "lambda:InvokeFunction arn:aws:lambda:us-east-1:111122223333:function:f", "", "allow"),
];

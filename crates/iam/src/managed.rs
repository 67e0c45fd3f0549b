//! The AWS-managed policies that are here. Any other name is `NoSuchEntity`: a policy that stood here with another
//! document than AWS's own would grant what nobody expects.
//!
//! Source: <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>.

use weft_types::Timestamp;

/// A policy of AWS.
pub(crate) struct AwsPolicy {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) description: &'static str,
    pub(crate) document: &'static str,
    pub(crate) created: Timestamp,
}

/// Sorted by name.
pub(crate) const AWS_POLICIES: &[AwsPolicy] = &[
    AwsPolicy {
        name: "AWSLambdaBasicExecutionRole",
        path: "/service-role/",
        id: "ANPAJNCQGXC42545SKXIK",
        description: "Provides write permissions to CloudWatch Logs.",
        document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:PutLogEvents"
            ],
            "Resource": "*"
        }
    ]
}"#,
        created: Timestamp::from_seconds(1_428_591_823),
    },
    AwsPolicy {
        name: "AdministratorAccess",
        path: "/",
        id: "ANPAIWMBCKSKIEE64ZLYK",
        description: "Provides full access to AWS services and resources.",
        document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*"
        }
    ]
}"#,
        created: Timestamp::from_seconds(1_423_247_986),
    },
];

/// The ARN of `AdministratorAccess`.
pub(crate) const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// The policy of AWS with this ARN.
pub(crate) fn find(arn: &str) -> Option<&'static AwsPolicy> {
    AWS_POLICIES.iter().find(|policy| policy.arn() == arn)
}

impl AwsPolicy {
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:iam::aws:policy{}{}", self.path, self.name)
    }
}

//! Roles that are linked to a service: which there are, and what they come with.
//!
//! Source: the pages on service-linked roles of the services' user guides, as listed at
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>.

use weft_service::Error;
use weft_types::{AccountId, Timestamp};

use crate::errors::invalid_input;
use crate::records::{Grants, Role};
use crate::{ids, managed};

/// A service that has a role of its own.
pub(crate) struct Linked {
    /// The service's name without `.amazonaws.com`.
    service: &'static str,
    /// The role's name after `AWSServiceRoleFor`.
    role: &'static str,
    /// The name of the policy of AWS that the role has.
    policy: &'static str,
}

/// Services whose roles may have a suffix, so that there can be several.
const SUFFIXED: &[&str] = &["autoscaling", "connect", "lexv2"];

const fn linked(service: &'static str, role: &'static str, policy: &'static str) -> Linked {
    Linked { service, role, policy }
}

#[rustfmt::skip]
const LINKED: &[Linked] = &[
    linked("access-analyzer", "AccessAnalyzer", "AccessAnalyzerServiceRolePolicy"),
    linked("acm", "CertificateManager", "CertificateManagerServiceRolePolicy"),
    linked("airflow", "AmazonMWAA", "AmazonMWAAServiceRolePolicy"),
    linked("apidestinations.events", "AmazonEventBridgeApiDestinations", "AmazonEventBridgeApiDestinationsServiceRolePolicy"),
    linked("apprunner", "AppRunner", "AppRunnerServiceRolePolicy"),
    linked("appsync", "AppSync", "AWSAppSyncServiceRolePolicy"),
    linked("autoscaling", "AutoScaling", "AutoScalingServiceRolePolicy"),
    linked("backup", "Backup", "AWSBackupServiceLinkedRolePolicyForBackup"),
    linked("batch", "Batch", "BatchServiceRolePolicy"),
    linked("cks.kms", "KeyManagementServiceCustomKeyStores", "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy"),
    linked("cloudtrail", "CloudTrail", "CloudTrailServiceRolePolicy"),
    linked("cognito-idp", "AmazonCognitoIdp", "AmazonCognitoIdpServiceRolePolicy"),
    linked("compute-optimizer", "ComputeOptimizer", "ComputeOptimizerServiceRolePolicy"),
    linked("config", "Config", "AWSConfigServiceRolePolicy"),
    linked("connect", "AmazonConnect", "AmazonConnectServiceLinkedRolePolicy"),
    linked("custom-resource.application-autoscaling", "ApplicationAutoScaling_CustomResource", "AWSApplicationAutoScalingCustomResourcePolicy"),
    linked("dax", "DAX", "DAXServiceRolePolicy"),
    linked("delivery.logs", "LogDelivery", "AWSServiceRoleForLogDeliveryPolicy"),
    linked("dynamodb.application-autoscaling", "ApplicationAutoScaling_DynamoDBTable", "AWSApplicationAutoscalingDynamoDBTablePolicy"),
    linked("ec2fleet", "EC2Fleet", "AWSEC2FleetServiceRolePolicy"),
    linked("ecs", "ECS", "AmazonECSServiceRolePolicy"),
    linked("ecs.application-autoscaling", "ApplicationAutoScaling_ECSService", "AWSApplicationAutoscalingECSServicePolicy"),
    linked("eks", "AmazonEKS", "AmazonEKSServiceRolePolicy"),
    linked("eks-fargate", "AmazonEKSForFargate", "AmazonEKSForFargateServiceRolePolicy"),
    linked("eks-nodegroup", "AmazonEKSNodegroup", "AWSServiceRoleForAmazonEKSNodegroup"),
    linked("elasticache", "ElastiCache", "ElastiCacheServiceRolePolicy"),
    linked("elasticache.application-autoscaling", "ApplicationAutoScaling_ElastiCacheRG", "AWSApplicationAutoscalingElastiCacheRGPolicy"),
    linked("elasticbeanstalk", "ElasticBeanstalk", "AWSElasticBeanstalkServiceRolePolicy"),
    linked("elasticfilesystem", "AmazonElasticFileSystem", "AmazonElasticFileSystemServiceRolePolicy"),
    linked("elasticloadbalancing", "ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"),
    linked("email.cognito-idp", "AmazonCognitoIdpEmailService", "AmazonCognitoIdpEmailServiceRolePolicy"),
    linked("es", "AmazonElasticsearchService", "AmazonElasticsearchServiceRolePolicy"),
    linked("events", "CloudWatchEvents", "CloudWatchEventsServiceRolePolicy"),
    linked("fsx", "AmazonFSx", "AmazonFSxServiceRolePolicy"),
    linked("globalaccelerator", "GlobalAccelerator", "AWSGlobalAcceleratorSLRPolicy"),
    linked("guardduty", "AmazonGuardDuty", "AmazonGuardDutyServiceRolePolicy"),
    linked("inspector2", "AmazonInspector2", "AmazonInspector2ServiceRolePolicy"),
    linked("kafka", "Kafka", "KafkaServiceRolePolicy"),
    linked("kafkaconnect", "KafkaConnect", "KafkaConnectServiceRolePolicy"),
    linked("lambda.application-autoscaling", "ApplicationAutoScaling_LambdaConcurrency", "AWSApplicationAutoscalingLambdaConcurrencyPolicy"),
    linked("lex", "LexBots", "LexBotPolicy"),
    linked("lexv2", "LexV2Bots", "AmazonLexV2BotPolicy"),
    linked("logger.cloudfront", "CloudFrontLogger", "AWSCloudFrontLogger"),
    linked("macie", "AmazonMacie", "AmazonMacieServiceRolePolicy"),
    linked("maintenance.elasticbeanstalk", "ElasticBeanstalkMaintenance", "AWSElasticBeanstalkMaintenance"),
    linked("managedupdates.elasticbeanstalk", "ElasticBeanstalkManagedUpdates", "AWSElasticBeanstalkManagedUpdatesServiceRolePolicy"),
    linked("member.org.stacksets.cloudformation", "CloudFormationStackSetsOrgMember", "CloudFormationStackSetsOrgMemberServiceRolePolicy"),
    linked("memorydb", "MemoryDB", "MemoryDBServiceRolePolicy"),
    linked("mks.kms", "KeyManagementServiceMultiRegionKeys", "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy"),
    linked("mq", "AmazonMQ", "AmazonMQServiceRolePolicy"),
    linked("networking.apprunner", "AppRunnerNetworking", "AppRunnerNetworkingServiceRolePolicy"),
    linked("observability.aoss", "AmazonOpenSearchServerless", "AmazonOpenSearchServerlessServiceRolePolicy"),
    linked("opensearchservice", "AmazonOpenSearchService", "AmazonOpenSearchServiceRolePolicy"),
    linked("ops.apigateway", "APIGateway", "APIGatewayServiceRolePolicy"),
    linked("organizations", "Organizations", "AWSOrganizationsServiceTrustPolicy"),
    linked("pullthroughcache.ecr", "ECRPullThroughCache", "AWSECRPullThroughCache_ServiceRolePolicy"),
    linked("ram", "ResourceAccessManager", "AWSResourceAccessManagerServiceRolePolicy"),
    linked("rds", "RDS", "AmazonRDSServiceRolePolicy"),
    linked("rds.application-autoscaling", "ApplicationAutoScaling_RDSCluster", "AWSApplicationAutoscalingRDSClusterPolicy"),
    linked("redshift", "Redshift", "AmazonRedshiftServiceLinkedRolePolicy"),
    linked("replication.dynamodb", "DynamoDBReplication", "DynamoDBReplicationServiceRolePolicy"),
    linked("replication.ecr", "ECRReplication", "ECRReplicationServiceRolePolicy"),
    linked("replicator.lambda", "LambdaReplicator", "AWSLambdaReplicator"),
    linked("sagemaker.application-autoscaling", "ApplicationAutoScaling_SageMakerEndpoint", "AWSApplicationAutoscalingSageMakerEndpointPolicy"),
    linked("securityhub", "SecurityHub", "AWSSecurityHubServiceRolePolicy"),
    linked("servicequotas", "ServiceQuotas", "ServiceQuotasServiceRolePolicy"),
    linked("spot", "EC2Spot", "AWSEC2SpotServiceRolePolicy"),
    linked("spotfleet", "EC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy"),
    linked("ssm", "AmazonSSM", "AmazonSSMServiceRolePolicy"),
    linked("sso", "SSO", "AWSSSOServiceRolePolicy"),
    linked("stacksets.cloudformation", "CloudFormationStackSetsOrgAdmin", "CloudFormationStackSetsOrgAdminServiceRolePolicy"),
    linked("support", "Support", "AWSSupportServiceRolePolicy"),
    linked("transitgateway", "VPCTransitGateway", "AWSVPCTransitGatewayServiceRolePolicy"),
    linked("trustedadvisor", "TrustedAdvisor", "AWSTrustedAdvisorServiceRolePolicy"),
    linked("vpc-lattice", "VpcLattice", "AWSVpcLatticeServiceRolePolicy"),
    linked("wafv2", "WAFV2Logging", "WAFV2LoggingServiceRolePolicy"),
];

/// The service of this name, such as `ecs.amazonaws.com`, if it is known to have a role of its own.
pub(crate) fn find(service: &str) -> Option<&'static Linked> {
    let short = service.strip_suffix(".amazonaws.com")?;
    LINKED.iter().find(|linked| linked.service == short)
}

/// The error for a service that has its role already.
pub(crate) fn taken(name: &str) -> Error {
    invalid_input(format!(
        "Service role name {name} has been taken in this account, please try a different suffix."
    ))
}

/// The path of a service's roles.
pub(crate) fn path(service: &str) -> String {
    format!("/aws-service-role/{service}/")
}

impl Linked {
    /// Whether the role may have a suffix.
    pub(crate) fn takes_suffix(&self) -> bool {
        SUFFIXED.contains(&self.service)
    }

    /// The role's name.
    pub(crate) fn role_name(&self, suffix: Option<&str>) -> String {
        let suffix = suffix.map(|suffix| format!("_{suffix}")).unwrap_or_default();
        format!("AWSServiceRoleFor{}{suffix}", self.role)
    }

    /// The ARN of its policy.
    pub(crate) fn policy_arn(&self) -> String {
        format!("arn:aws:iam::aws:policy/aws-service-role/{}", self.policy)
    }

    /// The role, which has the policy where that is known.
    pub(crate) fn role(
        &self,
        account: AccountId,
        name: String,
        description: Option<String>,
        now: Timestamp,
    ) -> Role {
        let service = format!("{}.amazonaws.com", self.service);
        let policy = self.policy_arn();
        let attached = managed::find(&policy).map(|_| policy).into_iter().collect();
        Role {
            account,
            name,
            path: path(&service),
            id: ids::unique_id("AROA"),
            created: now,
            grants: Grants { attached, ..Grants::default() },
            trust: format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
            ),
            description,
            session_seconds_max: 3600,
            tags: crate::tags::Tags::new(),
            service: Some(service),
            last_used: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_linked_role_has_a_policy_of_aws() {
        assert!(LINKED.is_sorted_by_key(|linked| linked.service));
        for linked in LINKED {
            assert!(managed::find(&linked.policy_arn()).is_some(), "{}", linked.policy);
            assert!(linked.role_name(None).len() <= 64, "{}", linked.role);
        }
    }
}

//! How new objects of a bucket are encrypted, as its configuration says.

use weft_model::s3 as model;
use weft_service::Error;

use crate::errors;

/// What a bucket has that was told nothing else.
pub(crate) fn default() -> model::ServerSideEncryptionConfiguration {
    let rule = model::ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: Some(model::ServerSideEncryptionByDefault {
            sse_algorithm: "AES256".to_owned(),
            kms_master_key_id: None,
        }),
        bucket_key_enabled: Some(false),
        ..Default::default()
    };
    model::ServerSideEncryptionConfiguration { rules: vec![rule] }
}

/// Refuses what no bucket can have.
pub(crate) fn check(configuration: &model::ServerSideEncryptionConfiguration) -> Result<(), Error> {
    let [rule] = configuration.rules.as_slice() else { return Err(errors::malformed_xml()) };
    let Some(kind) = &rule.apply_server_side_encryption_by_default else { return Ok(()) };
    match kind.sse_algorithm.as_str() {
        "aws:kms" | "aws:kms:dsse" => Ok(()),
        "AES256" if kind.kms_master_key_id.is_none() => Ok(()),
        "AES256" => {
            let message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
            let key = kind.kms_master_key_id.as_deref().unwrap_or_default();
            Err(errors::invalid_argument(message, "KMSMasterKeyID", key))
        }
        other => Err(errors::not_implemented(&format!("Encryption with {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rule_says_how() {
        let with = |algorithm: &str, key: Option<&str>| {
            let mut configuration = default();
            configuration.rules[0].apply_server_side_encryption_by_default =
                Some(model::ServerSideEncryptionByDefault {
                    sse_algorithm: algorithm.to_owned(),
                    kms_master_key_id: key.map(str::to_owned),
                });
            configuration
        };
        let check = |given: &model::ServerSideEncryptionConfiguration, expected: Result<(), &str>| {
            assert_eq!(super::check(given).map_err(|error| error.code()), expected, "{given:?}");
        };
        check(&default(), Ok(()));
        check(&with("aws:kms", None), Ok(()));
        check(&with("aws:kms", Some("alias/a")), Ok(()));
        check(&with("AES256", Some("alias/a")), Err("InvalidArgument"));
        check(&with("aws:fsx", None), Err("NotImplemented"));
        check(&model::ServerSideEncryptionConfiguration { rules: Vec::new() }, Err("MalformedXML"));
        let two =
            model::ServerSideEncryptionConfiguration { rules: [default().rules, default().rules].concat() };
        check(&two, Err("MalformedXML"));
    }
}

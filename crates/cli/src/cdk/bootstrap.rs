//! What `cdk bootstrap` prepares, as far as `weft up` needs it: a stack whose resources have the CDK's own names, so that
//! `cdk bootstrap` can take it over.

use weft_model::ssm::{GetParameterRequest, GetParameterResult};

use crate::client::{CallError, Client};
use crate::failure::Failure;
use crate::stack::{Source, Wanted, deploy};

const TEMPLATE: &str = include_str!("bootstrap.yaml");
/// The stack's name, which the CDK's command line looks for.
const STACK: &str = "CDKToolkit";
/// The qualifier of apps that set none.
const QUALIFIER: &str = "hnb659fds";

/// Whether an environment is prepared: it is where the parameter is.
pub(super) async fn is_there(client: &Client, parameter: &str) -> Result<bool, CallError> {
    let request = GetParameterRequest { name: parameter.to_owned(), with_decryption: None };
    match client.call::<_, GetParameterResult>("ssm", "GetParameter", request).await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ParameterNotFound") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Prepares an environment that is not.
pub(super) async fn ensure(client: &Client, parameter: &str) -> Result<(), Failure> {
    if is_there(client, parameter).await? {
        return Ok(());
    }
    let Some(qualifier) = qualifier(parameter) else {
        return Err(Failure::Told(format!(
            "there is no SSM parameter `{parameter}`, which the app's stacks look for\n  help: prepare the environment with \
             `eval \"$(weft env)\"` and your own `cdk bootstrap`"
        )));
    };
    eprintln!("  preparing {} for CDK apps, as `cdk bootstrap` does", client.region());
    let name = if qualifier == QUALIFIER { STACK.to_owned() } else { format!("{STACK}-{qualifier}") };
    let wanted = Wanted {
        name,
        template: Source::Body(TEMPLATE.to_owned()),
        declared: vec!["Qualifier".to_owned()],
        parameters: vec![("Qualifier".to_owned(), qualifier.to_owned())],
        tags: Vec::new(),
    };
    deploy(client, &wanted).await.map(drop)
}

/// The qualifier in `/cdk-bootstrap/<qualifier>/version`.
fn qualifier(parameter: &str) -> Option<&str> {
    parameter.strip_prefix("/cdk-bootstrap/")?.strip_suffix("/version").filter(|name| !name.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_one_and_the_parameter_names_the_qualifier() {
        let template = weft_template::cloudformation::Template::parse(TEMPLATE).expect("a template");
        assert_eq!(template.resource_types(), ["AWS::S3::Bucket", "AWS::SSM::Parameter"]);
        assert_eq!(qualifier("/cdk-bootstrap/hnb659fds/version"), Some("hnb659fds"));
        assert_eq!(qualifier("/elsewhere"), None);
    }
}

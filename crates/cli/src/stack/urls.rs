//! Where a stack's APIs answer, and which functions it has.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use weft_model::cloudformation::{ListStackResourcesInput, ListStackResourcesOutput, StackResourceSummary};
use weft_model::{apigateway, apigatewayv2};

use crate::client::{CallError, Client};

/// What a stage's name may have in a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What can be reached of a stack.
#[derive(Debug, Default)]
pub(super) struct Reached {
    pub(super) urls: Vec<String>,
    pub(super) functions: Vec<String>,
}

/// Lists a stack's resources, and the stages of its APIs.
pub(super) async fn of(client: &Client, stack: &str) -> Result<Reached, CallError> {
    let mut reached = Reached::default();
    for resource in resources(client, stack).await? {
        let Some(id) = resource.physical_resource_id else { continue };
        match resource.resource_type.as_str() {
            "AWS::Lambda::Function" => reached.functions.push(id),
            "AWS::ApiGateway::RestApi" => {
                let stages = rest_stages(client, &id).await?;
                reached.urls.extend(stages.iter().map(|stage| url(client.endpoint(), &id, stage)));
            }
            "AWS::ApiGatewayV2::Api" => {
                let stages = http_stages(client, &id).await?;
                reached.urls.extend(stages.iter().map(|stage| url(client.endpoint(), &id, stage)));
            }
            _ => {}
        }
    }
    Ok(reached)
}

/// The form of an API's address that needs no name: it answers wherever the server does.
fn url(endpoint: &str, api: &str, stage: &str) -> String {
    format!("{endpoint}/_aws/execute-api/{api}/{}/", utf8_percent_encode(stage, PLAIN))
}

async fn resources(client: &Client, stack: &str) -> Result<Vec<StackResourceSummary>, CallError> {
    let mut found = Vec::new();
    let mut next_token = None;
    loop {
        let request = ListStackResourcesInput { stack_name: stack.to_owned(), next_token };
        let page: ListStackResourcesOutput =
            client.call("cloudformation", "ListStackResources", request).await?;
        found.extend(page.stack_resource_summaries.unwrap_or_default());
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(found);
        }
    }
}

async fn rest_stages(client: &Client, api: &str) -> Result<Vec<String>, CallError> {
    let request = apigateway::GetStagesRequest { rest_api_id: api.to_owned(), deployment_id: None };
    let answer: apigateway::Stages = client.call("apigateway", "GetStages", request).await?;
    Ok(answer.item.into_iter().flatten().filter_map(|stage| stage.stage_name).collect())
}

async fn http_stages(client: &Client, api: &str) -> Result<Vec<String>, CallError> {
    let request = apigatewayv2::GetStagesRequest { api_id: api.to_owned(), ..Default::default() };
    let answer: apigatewayv2::GetStagesResponse = client.call("apigatewayv2", "GetStages", request).await?;
    Ok(answer.items.into_iter().flatten().map(|stage| stage.stage_name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_apis_address_names_its_stage() {
        let here = "http://127.0.0.1:4566";
        assert_eq!(url(here, "abc", "prod"), "http://127.0.0.1:4566/_aws/execute-api/abc/prod/");
        assert_eq!(url(here, "abc", "$default"), "http://127.0.0.1:4566/_aws/execute-api/abc/%24default/");
    }
}

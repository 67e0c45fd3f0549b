//! Which operations have code.

use std::sync::Arc;

use weft_service::{Registry, ServiceBuilder};

use crate::ApiGateway;
use crate::rest::ops as rest;

impl ApiGateway {
    /// Adds both APIs.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.add(self.rest_operations());
        registry.add(self.http_operations());
    }

    fn rest_operations(self: &Arc<Self>) -> ServiceBuilder {
        ServiceBuilder::new(&weft_model::apigateway::SERVICE)
            .operation::<rest::authorizers::CreateAuthorizer>(self)
            .operation::<rest::authorizers::DeleteAuthorizer>(self)
            .operation::<rest::authorizers::GetAuthorizer>(self)
            .operation::<rest::authorizers::GetAuthorizers>(self)
            .operation::<rest::authorizers::UpdateAuthorizer>(self)
            .operation::<rest::account::GetAccount>(self)
            .operation::<rest::account::UpdateAccount>(self)
            .operation::<rest::apis::CreateRestApi>(self)
            .operation::<rest::apis::DeleteRestApi>(self)
            .operation::<rest::apis::GetRestApi>(self)
            .operation::<rest::apis::GetRestApis>(self)
            .operation::<rest::apis::UpdateRestApi>(self)
            .operation::<rest::deployments::CreateDeployment>(self)
            .operation::<rest::deployments::DeleteDeployment>(self)
            .operation::<rest::deployments::GetDeployment>(self)
            .operation::<rest::deployments::GetDeployments>(self)
            .operation::<rest::deployments::UpdateDeployment>(self)
            .operation::<rest::gateway_responses::DeleteGatewayResponse>(self)
            .operation::<rest::gateway_responses::GetGatewayResponse>(self)
            .operation::<rest::gateway_responses::GetGatewayResponses>(self)
            .operation::<rest::gateway_responses::PutGatewayResponse>(self)
            .operation::<rest::gateway_responses::UpdateGatewayResponse>(self)
            .operation::<rest::integration_responses::DeleteIntegrationResponse>(self)
            .operation::<rest::integration_responses::GetIntegrationResponse>(self)
            .operation::<rest::integration_responses::PutIntegrationResponse>(self)
            .operation::<rest::integration_responses::UpdateIntegrationResponse>(self)
            .operation::<rest::integrations::DeleteIntegration>(self)
            .operation::<rest::integrations::GetIntegration>(self)
            .operation::<rest::integrations::PutIntegration>(self)
            .operation::<rest::integrations::UpdateIntegration>(self)
            .operation::<rest::method_responses::DeleteMethodResponse>(self)
            .operation::<rest::method_responses::GetMethodResponse>(self)
            .operation::<rest::method_responses::PutMethodResponse>(self)
            .operation::<rest::method_responses::UpdateMethodResponse>(self)
            .operation::<rest::methods::DeleteMethod>(self)
            .operation::<rest::methods::GetMethod>(self)
            .operation::<rest::methods::PutMethod>(self)
            .operation::<rest::methods::UpdateMethod>(self)
            .operation::<rest::models::CreateModel>(self)
            .operation::<rest::models::DeleteModel>(self)
            .operation::<rest::models::GetModel>(self)
            .operation::<rest::models::GetModelTemplate>(self)
            .operation::<rest::models::GetModels>(self)
            .operation::<rest::models::UpdateModel>(self)
            .operation::<rest::resources::CreateResource>(self)
            .operation::<rest::resources::DeleteResource>(self)
            .operation::<rest::resources::GetResource>(self)
            .operation::<rest::resources::GetResources>(self)
            .operation::<rest::resources::UpdateResource>(self)
            .operation::<rest::stages::CreateStage>(self)
            .operation::<rest::stages::DeleteStage>(self)
            .operation::<rest::stages::FlushStageAuthorizersCache>(self)
            .operation::<rest::stages::FlushStageCache>(self)
            .operation::<rest::stages::GetStage>(self)
            .operation::<rest::stages::GetStages>(self)
            .operation::<rest::stages::UpdateStage>(self)
            .operation::<rest::tags::GetTags>(self)
            .operation::<rest::tags::TagResource>(self)
            .operation::<rest::tags::UntagResource>(self)
            .operation::<rest::validators::CreateRequestValidator>(self)
            .operation::<rest::validators::DeleteRequestValidator>(self)
            .operation::<rest::validators::GetRequestValidator>(self)
            .operation::<rest::validators::GetRequestValidators>(self)
            .operation::<rest::validators::UpdateRequestValidator>(self)
    }

    fn http_operations(self: &Arc<Self>) -> ServiceBuilder {
        ServiceBuilder::new(&weft_model::apigatewayv2::SERVICE)
    }
}

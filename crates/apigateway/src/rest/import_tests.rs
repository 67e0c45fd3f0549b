//! Descriptions that become APIs.

use super::*;

const SAM: &str = r##"
swagger: "2.0"
info: {title: shop, version: "1.0"}
paths:
  /hello:
    get:
      x-amazon-apigateway-integration:
        httpMethod: POST
        type: aws_proxy
        uri: arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations
      security: [{guard: []}]
      responses: {}
    options:
      consumes: [application/json]
      x-amazon-apigateway-integration:
        type: mock
        requestTemplates: {application/json: "{\n  \"statusCode\" : 200\n}\n"}
        responses:
          default:
            statusCode: "200"
            responseParameters: {method.response.header.Access-Control-Allow-Origin: "'*'"}
      responses: {"200": {description: ok, headers: {Access-Control-Allow-Origin: {type: string}}}}
  /pets/{id}:
    x-amazon-apigateway-any-method:
      x-amazon-apigateway-request-validator: all
      parameters:
      - {in: path, name: id, required: true, type: string}
      - {in: body, name: body, schema: {$ref: "#/definitions/Pet"}}
      x-amazon-apigateway-integration: {type: http_proxy, httpMethod: ANY, uri: "http://pets.shop.weft.localhost/{id}"}
definitions:
  Pet: {type: object, properties: {owner: {$ref: "#/definitions/Owner"}}}
  Owner: {type: object}
securityDefinitions:
  guard:
    type: apiKey
    name: X-Who
    in: header
    x-amazon-apigateway-authtype: custom
    x-amazon-apigateway-authorizer:
      type: token
      authorizerUri: arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:g/invocations
x-amazon-apigateway-request-validators:
  all: {validateRequestBody: true, validateRequestParameters: true}
x-amazon-apigateway-gateway-responses:
  DEFAULT_4XX: {responseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: "'*'"}}
x-amazon-apigateway-binary-media-types: [image/png]
"##;

fn imported(text: &str, before: Snapshot) -> Result<Snapshot, Error> {
    import(&Document::parse(text.as_bytes()).unwrap(), &Parameters::new(), before)
}

#[test]
fn what_sam_writes_becomes_an_api() {
    let Snapshot { api, tree } = imported(SAM, Snapshot::default()).unwrap();
    assert_eq!(
        (api.name.as_str(), api.binary_media_types.as_deref()),
        ("shop", Some(&["image/png".to_owned()][..]))
    );
    let at = |path: &str| tree.resources.values().find(|one| one.path == path).unwrap();
    let get = &at("/hello").resource_methods["GET"];
    assert_eq!(
        (get.authorization_type.as_str(), get.method_integration.as_ref().unwrap().kind.as_str()),
        ("CUSTOM", "AWS_PROXY")
    );
    let guard = &tree.authorizers[get.authorizer_id.as_ref().unwrap()];
    assert_eq!(guard.identity_source.as_deref(), Some("method.request.header.X-Who"));
    let options = &at("/hello").resource_methods["OPTIONS"];
    assert_eq!(
        options.method_integration.as_ref().unwrap().integration_responses["200"].selection_pattern,
        None
    );
    let any = &at("/pets/{id}").resource_methods["ANY"];
    assert_eq!(any.request_models["application/json"], "Pet");
    assert!(any.request_parameters["method.request.path.id"]);
    assert!(any.request_validator_id.is_some());
    assert!(tree.models["Pet"].schema.as_ref().unwrap().contains("/models/Owner"));
    assert!(tree.gateway_responses["DEFAULT_4XX"].response_parameters.len() == 1);
}

#[test]
fn taken_in_again_it_is_the_same_api() {
    let first = imported(SAM, Snapshot::default()).unwrap();
    let again = imported(SAM, first.clone()).unwrap();
    assert_eq!(first.tree, again.tree);
}

#[test]
fn what_cannot_be_carried_out_is_refused() {
    let check = |text: &str, expected: &str| {
        let found = imported(text, Snapshot::default());
        assert_eq!(found.map_err(|error| error.code()).map(drop), Err(expected), "{text}");
    };
    check(
        r#"{"swagger":"2.0","info":{"title":"a"},"paths":{"/a":{"get":{"security":[{"k":[]}]}}},"securityDefinitions":{"k":{"type":"apiKey","name":"x-api-key","in":"header"}}}"#,
        "NotImplemented",
    );
    check(
        r#"{"swagger":"2.0","info":{"title":"a"},"paths":{"/{a}/{b+}/c":{"get":{}}}}"#,
        "BadRequestException",
    );
    check(
        r#"{"swagger":"2.0","info":{"title":"a"},"x-amazon-apigateway-gateway-responses":{"X":{}}}"#,
        "BadRequestException",
    );
}

//! Models: what bodies look like.

use serde_json::Value as Json;
use weft_model::apigateway as model;
use weft_service::Error;

use crate::control::bridge::{body_of, record_of, shape_of};
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::patch::{self, Kind, Rule};
use crate::control::{access, errors, ids};
use crate::data::schema::Schema;
use crate::rest::records::{Model, Tree};

/// Bytes of a schema.
const SCHEMA_BYTES_MAX: usize = 400 << 10;

const RULES: &[Rule] = &[("/description", Kind::Text), ("/schema", Kind::Needed)];

operation! {
    /// `CreateModel`.
    CreateModel(model::CreateModelRequest) -> model::Model;
    access |asked, scope| [access::post(scope, &["restapis", &asked.rest_api_id, "models"])];
    run |given, service, cx| {
        let api = given.rest_api_id.clone();
        let mut model: Model = record_of(body_of(given))?;
        model.id = ids::part();
        check(&model)?;
        let make = move |tree: &mut Tree| {
            if tree.models.contains_key(&model.name) {
                return Err(errors::conflict(format!("Model name already exists for this REST API: {}", model.name)));
            }
            tree.models.insert(model.name.clone(), model.clone());
            Ok((model.name.clone(), model.clone()))
        };
        let find = |tree: &mut Tree, name: &str| tree.models.remove(name);
        shape_of(&service.make_in_tree(cx, &api, find, make).await?)
    }
}

operation! {
    /// `GetModel`.
    GetModel(model::GetModelRequest) -> model::Model;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "models", &asked.model_name])];
    run |given, service, cx| {
        let name = given.model_name;
        let read = move |mut tree: Tree| tree.models.remove(&name).ok_or_else(|| none(&name));
        shape_of(&service.tree(cx, &given.rest_api_id, read).await?)
    }
}

operation! {
    /// `GetModels`.
    GetModels(model::GetModelsRequest) -> model::Models;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "models"])];
    run |given, service, cx| {
        let page = Page::of(given.position.as_deref(), given.limit)?;
        let all = service.tree(cx, &given.rest_api_id, |tree| Ok(tree.models)).await?;
        let (items, position) = page.cut(all.into_values(), |one| one.name.clone());
        let items = items.iter().map(shape_of).collect::<Result<_, _>>()?;
        Ok(model::Models { position, items: Some(items) })
    }
}

operation! {
    /// `GetModelTemplate`: a mapping template that takes over what the schema names.
    GetModelTemplate(model::GetModelTemplateRequest) -> model::Template;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "models", &asked.model_name, "default_template"])];
    run |given, service, cx| {
        let name = given.model_name;
        let read = move |mut tree: Tree| tree.models.remove(&name).ok_or_else(|| none(&name));
        let model = service.tree(cx, &given.rest_api_id, read).await?;
        let schema = serde_json::from_str(model.schema.as_deref().unwrap_or("{}")).unwrap_or_default();
        let value = format!("#set($inputRoot = $input.path('$'))\n{}", sample(&schema, "$inputRoot", 0));
        Ok(model::Template { value: Some(value) })
    }
}

operation! {
    /// `UpdateModel`.
    UpdateModel(model::UpdateModelRequest) -> model::Model;
    access |asked, scope| [access::patch(scope, &["restapis", &asked.rest_api_id, "models", &asked.model_name])];
    run |given, service, cx| {
        let (name, patches) = (given.model_name, given.patch_operations.unwrap_or_default());
        let change = move |tree: &mut Tree| {
            let place = tree.models.get_mut(&name).ok_or_else(|| none(&name))?;
            *place = patch::apply(place, &patches, RULES)?;
            check(place)?;
            Ok(place.clone())
        };
        shape_of(&service.change_tree(cx, &given.rest_api_id, change).await?)
    }
}

operation! {
    /// `DeleteModel`: where no method uses it.
    DeleteModel(model::DeleteModelRequest) -> ();
    access |asked, scope| [access::delete(scope, &["restapis", &asked.rest_api_id, "models", &asked.model_name])];
    run |given, service, cx| {
        let name = given.model_name;
        let change = move |tree: &mut Tree| {
            if !tree.models.contains_key(&name) {
                return Err(none(&name));
            }
            let mut methods = tree.resources.values().flat_map(|one| one.resource_methods.values());
            let is_used = methods.any(|method| {
                let mut answers = method.method_responses.values().flat_map(|one| one.response_models.values());
                method.request_models.values().any(|model| *model == name) || answers.any(|model| *model == name)
            });
            if is_used {
                let message = format!("Cannot delete model '{name}', is referenced in method request or response");
                return Err(errors::conflict(message));
            }
            tree.models.remove(&name);
            Ok(())
        };
        service.change_tree(cx, &given.rest_api_id, change).await
    }
}

fn none(name: &str) -> Error {
    errors::not_found(format!("Invalid model name specified: {name}"))
}

/// Checks a model by itself.
pub(crate) fn check(model: &Model) -> Result<(), Error> {
    if model.name.is_empty() || !model.name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(errors::bad_request("Model name must be alphanumeric: ".to_owned() + &model.name));
    }
    let Some(schema) = &model.schema else { return Ok(()) };
    if schema.len() > SCHEMA_BYTES_MAX {
        return Err(errors::bad_request("Model schema is too large (at most 400 KB)"));
    }
    let invalid = |why: String| {
        errors::bad_request(format!(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified. {why}]"
        ))
    };
    let json: Json = serde_json::from_str(schema).map_err(|error| invalid(error.to_string()))?;
    Schema::compile(&json).map(drop).map_err(invalid)
}

fn sample(schema: &Json, at: &str, depth: usize) -> String {
    let kind = schema.get("type").and_then(Json::as_str).unwrap_or("object");
    match kind {
        "object" if depth < 8 => {
            let members = schema.get("properties").and_then(Json::as_object);
            let members = members.into_iter().flatten().map(|(name, schema)| {
                let pad = "  ".repeat(depth + 1);
                format!("{pad}\"{name}\" : {}", sample(schema, &format!("{at}.{name}"), depth + 1))
            });
            let pad = "  ".repeat(depth);
            format!("{{\n{}\n{pad}}}", members.collect::<Vec<_>>().join(",\n"))
        }
        "array" if depth < 8 => {
            let items = schema.get("items").cloned().unwrap_or_default();
            let item = sample(&items, "$elem", depth + 1);
            format!("[\n#foreach($elem in {at})\n{item}#if($foreach.hasNext),#end\n#end\n]")
        }
        "string" => format!("\"{at}\""),
        _ => at.to_owned(),
    }
}

//! Resources: a tree of paths.

use std::collections::BTreeSet;

use weft_model::apigateway as model;
use weft_model::apigateway::PatchOperation;
use weft_service::Error;

use crate::control::bridge::shape_of;
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::{access, errors, ids};
use crate::rest::records::{Resource, Tree};

/// Resources of an API.
const RESOURCES_MAX: usize = 300;

operation! {
    /// `CreateResource`.
    CreateResource(model::CreateResourceRequest) -> model::Resource;
    access |asked, scope| [access::post(scope, &["restapis", &asked.rest_api_id, "resources"])];
    run |given, service, cx| {
        let id = ids::part();
        let model::CreateResourceRequest { rest_api_id, parent_id, path_part } = given;
        let make = move |tree: &mut Tree| {
            let made = tree.add_resource(id.clone(), &parent_id, &path_part)?.clone();
            Ok((made.id.clone(), made))
        };
        let find = |tree: &mut Tree, id: &str| tree.resources.remove(id);
        shape_of(&service.make_in_tree(cx, &rest_api_id, find, make).await?)
    }
}

operation! {
    /// `GetResource`.
    GetResource(model::GetResourceRequest) -> model::Resource;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "resources", &asked.resource_id])];
    run |given, service, cx| {
        let id = given.resource_id;
        let read = move |mut tree: Tree| tree.resources.remove(&id).ok_or_else(errors::no_resource);
        shown(&service.tree(cx, &given.rest_api_id, read).await?, given.embed.as_deref())
    }
}

operation! {
    /// `GetResources`.
    GetResources(model::GetResourcesRequest) -> model::Resources;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id, "resources"])];
    run |given, service, cx| {
        let page = Page::of(given.position.as_deref(), given.limit)?;
        let all = service.tree(cx, &given.rest_api_id, |tree| Ok(tree.resources)).await?;
        let (items, position) = page.cut(all.into_values(), |resource| resource.id.clone());
        let shapes = items.iter().map(|resource| shown(resource, given.embed.as_deref()));
        Ok(model::Resources { position, items: Some(shapes.collect::<Result<_, _>>()?) })
    }
}

operation! {
    /// `UpdateResource`: another name, or another parent.
    UpdateResource(model::UpdateResourceRequest) -> model::Resource;
    access |asked, scope| [access::patch(scope, &["restapis", &asked.rest_api_id, "resources", &asked.resource_id])];
    run |given, service, cx| {
        let (id, patches) = (given.resource_id, given.patch_operations.unwrap_or_default());
        let change = move |tree: &mut Tree| {
            tree.move_resource(&id, &patches)?;
            tree.resources.get(&id).cloned().ok_or_else(errors::no_resource)
        };
        shape_of(&service.change_tree(cx, &given.rest_api_id, change).await?)
    }
}

operation! {
    /// `DeleteResource`: with all below it.
    DeleteResource(model::DeleteResourceRequest) -> ();
    access |asked, scope| [access::delete(scope, &["restapis", &asked.rest_api_id, "resources", &asked.resource_id])];
    run |given, service, cx| {
        let id = given.resource_id;
        let change = move |tree: &mut Tree| {
            let resource = tree.resources.get(&id).ok_or_else(errors::no_resource)?;
            if resource.parent_id.is_none() {
                return Err(errors::bad_request("Invalid Resource identifier specified: the root cannot be deleted"));
            }
            for below in tree.below(&id) {
                tree.resources.remove(&below);
            }
            Ok(())
        };
        service.change_tree(cx, &given.rest_api_id, change).await
    }
}

/// A resource as it is told: methods by name alone, unless they are wanted whole.
fn shown(resource: &Resource, embed: Option<&[String]>) -> Result<model::Resource, Error> {
    let mut shape: model::Resource = shape_of(resource)?;
    let wanted = embed.unwrap_or_default().iter().flat_map(|text| text.split(','));
    if !wanted.map(str::trim).any(|text| text == "methods")
        && let Some(methods) = &mut shape.resource_methods
    {
        for method in methods.values_mut() {
            *method = model::Method::default();
        }
    }
    Ok(shape)
}

impl Tree {
    /// Adds a resource below another.
    pub(crate) fn add_resource(
        &mut self,
        id: String,
        parent: &str,
        part: &str,
    ) -> Result<&mut Resource, Error> {
        if self.resources.len() >= RESOURCES_MAX {
            return Err(errors::too_many("Maximum number of Resources for this API has been reached"));
        }
        check_part(part)?;
        let above = self.resources.get(parent).ok_or_else(errors::no_resource)?;
        self.check_sibling(parent, part, None)?;
        if above.path.ends_with("+}") {
            let message =
                format!("Cannot create a child of a resource with a greedy path variable: {}", above.path);
            return Err(errors::bad_request(message));
        }
        let resource = Resource {
            id: id.clone(),
            parent_id: Some(parent.to_owned()),
            path_part: Some(part.to_owned()),
            path: joined(&above.path, part),
            ..Resource::default()
        };
        Ok(self.resources.entry(id).or_insert(resource))
    }

    /// Refuses a part that would make two paths of the same meaning.
    fn check_sibling(&self, parent: &str, part: &str, own: Option<&str>) -> Result<(), Error> {
        let siblings = self.resources.values().filter(|resource| {
            resource.parent_id.as_deref() == Some(parent) && own != Some(resource.id.as_str())
        });
        for sibling in siblings {
            let name = sibling.path_part.as_deref().unwrap_or_default();
            if name == part {
                let message = format!("Another resource with the same parent already has this name: {part}");
                return Err(errors::conflict(message));
            }
            let (greedy, variable) = (|text: &str| text.ends_with("+}"), |text: &str| text.starts_with('{'));
            if variable(name) && variable(part) && greedy(name) == greedy(part) {
                let message = format!(
                    "A sibling ({name}) of this resource already has a variable path part -- only one is allowed"
                );
                return Err(errors::bad_request(message));
            }
        }
        Ok(())
    }

    /// A resource's id and those of all below it.
    fn below(&self, id: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::from([id.to_owned()]);
        loop {
            let is_below = |resource: &&Resource| {
                resource.parent_id.as_ref().is_some_and(|parent| found.contains(parent))
            };
            let more: Vec<String> =
                self.resources.values().filter(is_below).map(|resource| resource.id.clone()).collect();
            let before = found.len();
            found.extend(more);
            if found.len() == before {
                return found;
            }
        }
    }

    fn move_resource(&mut self, id: &str, patches: &[PatchOperation]) -> Result<(), Error> {
        let resource = self.resources.get(id).ok_or_else(errors::no_resource)?;
        let (Some(mut parent), Some(mut part)) = (resource.parent_id.clone(), resource.path_part.clone())
        else {
            return Err(errors::bad_request("Cannot update the root resource"));
        };
        for patch in patches {
            let value = patch.value.clone().unwrap_or_default();
            match (patch.op.as_deref(), patch.path.as_deref()) {
                (Some("replace"), Some("/pathPart")) => part = value,
                (Some("replace"), Some("/parentId")) => parent = value,
                (_, path) => {
                    let path = path.unwrap_or_default();
                    let message = format!(
                        "Invalid patch path  '{path}' specified for op 'replace'. Must be one of: [/pathPart, /parentId]"
                    );
                    return Err(errors::bad_request(message));
                }
            }
        }
        check_part(&part)?;
        if !self.resources.contains_key(&parent) || self.below(id).contains(&parent) {
            return Err(errors::bad_request("Invalid parent specified"));
        }
        self.check_sibling(&parent, &part, Some(id))?;
        if let Some(resource) = self.resources.get_mut(id) {
            (resource.parent_id, resource.path_part) = (Some(parent), Some(part));
        }
        self.name_paths();
        Ok(())
    }

    /// Works every path out from the parts.
    pub(crate) fn name_paths(&mut self) {
        let roots = self.resources.values().filter(|resource| resource.parent_id.is_none());
        let mut known: Vec<(String, String)> = roots.map(|root| (root.id.clone(), "/".to_owned())).collect();
        while let Some((id, path)) = known.pop() {
            for child in self.resources.values().filter(|one| one.parent_id.as_ref() == Some(&id)) {
                known.push((child.id.clone(), joined(&path, child.path_part.as_deref().unwrap_or_default())));
            }
            if let Some(resource) = self.resources.get_mut(&id) {
                resource.path = path;
            }
        }
    }
}

fn joined(above: &str, part: &str) -> String {
    format!("{}/{part}", above.trim_end_matches('/'))
}

/// Checks one element of a path.
fn check_part(part: &str) -> Result<(), Error> {
    let plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|b| {
                b.is_ascii_alphanumeric()
                    || matches!(b, b'.' | b'_' | b'-' | b':' | b'$' | b'~' | b'@' | b'*' | b',' | b'+' | b'%')
            })
    };
    let name = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let valid = match name {
        Some(name) => plain(name.strip_suffix('+').unwrap_or(name)),
        None => plain(part),
    };
    let message = "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.";
    if valid { Ok(()) } else { Err(errors::bad_request(message)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        let mut tree = Tree::default();
        let root = Resource { id: "root".to_owned(), path: "/".to_owned(), ..Resource::default() };
        tree.resources.insert("root".to_owned(), root);
        tree
    }

    #[test]
    fn paths_grow_from_parts_and_do_not_clash() {
        let mut tree = tree();
        let mut add = |parent: &str, part: &str, expected: Result<&str, &str>| {
            let id = format!("{parent}.{part}");
            let found = tree.add_resource(id, parent, part).map(|resource| resource.path.clone());
            let found = found.map_err(|error| error.code());
            assert_eq!(found.as_deref().map_err(|code| *code), expected, "{parent} {part}");
        };
        add("root", "pets", Ok("/pets"));
        add("root", "pets", Err("ConflictException"));
        add("root.pets", "{id}", Ok("/pets/{id}"));
        add("root.pets", "{name}", Err("BadRequestException"));
        add("root.pets", "{proxy+}", Ok("/pets/{proxy+}"));
        add("root.pets.{proxy+}", "x", Err("BadRequestException"));
        add("root", "a/b", Err("BadRequestException"));
        add("root", "{}", Err("BadRequestException"));
        add("none", "a", Err("NotFoundException"));
    }

    #[test]
    fn a_resource_that_moves_takes_those_below_along() {
        let mut tree = tree();
        for (id, parent, part) in [("a", "root", "a"), ("b", "a", "b"), ("c", "root", "c")] {
            tree.add_resource(id.to_owned(), parent, part).unwrap();
        }
        let patch = |path: &str, value: &str| PatchOperation {
            op: Some("replace".to_owned()),
            path: Some(path.to_owned()),
            value: Some(value.to_owned()),
            from: None,
        };
        tree.move_resource("a", &[patch("/parentId", "c"), patch("/pathPart", "z")]).unwrap();
        assert_eq!(tree.resources["b"].path, "/c/z/b");
        assert!(tree.move_resource("c", &[patch("/parentId", "b")]).is_err());
    }
}

//! Lists of parameters.

use weft_model::ssm as model;

use super::world::{World, filter, over, plain};

async fn by_path(world: &World, input: model::GetParametersByPathRequest) -> Vec<String> {
    let (mut seen, mut next_token) = (Vec::new(), None);
    loop {
        let input = model::GetParametersByPathRequest { next_token, ..input.clone() };
        let page: model::GetParametersByPathResult = world.call("GetParametersByPath", input).await.unwrap();
        seen.extend(
            page.parameters
                .unwrap()
                .into_iter()
                .map(|found| format!("{}={}", found.name.unwrap(), found.value.unwrap())),
        );
        next_token = page.next_token;
        if next_token.is_none() {
            return seen;
        }
    }
}

async fn filled() -> World {
    let world = World::new().await;
    for name in ["/app/a", "/app/b", "/app/in/c", "/app-2/d", "root"] {
        world.put(plain(name, "v")).await.unwrap();
    }
    world.put(over("/app/b", "w")).await.unwrap();
    let label = model::LabelParameterVersionRequest {
        name: "/app/b".to_owned(),
        parameter_version: Some(1),
        labels: vec!["live".to_owned()],
    };
    let _: model::LabelParameterVersionResult = world.call("LabelParameterVersion", label).await.unwrap();
    world
}

#[tokio::test]
async fn a_path_has_its_parameters_page_by_page() {
    let world = filled().await;
    let path =
        |path: &str, recursive, filters: &[model::ParameterStringFilter]| model::GetParametersByPathRequest {
            path: path.to_owned(),
            recursive: Some(recursive),
            parameter_filters: Some(filters.to_vec()),
            max_results: Some(1),
            ..Default::default()
        };
    assert_eq!(by_path(&world, path("/app", false, &[])).await, ["/app/a=v", "/app/b=w"]);
    assert_eq!(by_path(&world, path("/app/", true, &[])).await, ["/app/a=v", "/app/b=w", "/app/in/c=v"]);
    assert_eq!(by_path(&world, path("/", false, &[])).await, ["root=v"]);
    assert_eq!(by_path(&world, path("/", true, &[])).await.len(), 5);
    assert_eq!(by_path(&world, path("/app", true, &[filter("Label", None, &["live"])])).await, ["/app/b=v"]);
    assert_eq!(
        by_path(&world, path("/app", true, &[filter("Type", None, &["SecureString"])])).await,
        [""; 0]
    );
    let bad =
        model::GetParametersByPathRequest { next_token: Some("?".to_owned()), ..path("/app", true, &[]) };
    let refused: Result<model::GetParametersByPathResult, _> = world.call("GetParametersByPath", bad).await;
    assert_eq!(refused.unwrap_err().code, "InvalidNextToken");
}

#[tokio::test]
async fn parameters_are_described_by_filters() {
    let world = filled().await;
    let tag = model::AddTagsToResourceRequest {
        resource_type: "Parameter".to_owned(),
        resource_id: "/app/a".to_owned(),
        tags: vec![model::Tag { key: "team".to_owned(), value: "red".to_owned() }],
    };
    let _: model::AddTagsToResourceResult = world.call("AddTagsToResource", tag).await.unwrap();
    for (filters, expected) in [
        (vec![], vec!["/app-2/d", "/app/a", "/app/b", "/app/in/c", "root"]),
        (vec![filter("Path", Some("Recursive"), &["/app"])], vec!["/app/a", "/app/b", "/app/in/c"]),
        (vec![filter("Path", None, &["/app", "/app-2"])], vec!["/app-2/d", "/app/a", "/app/b"]),
        (
            vec![filter("Name", Some("BeginsWith"), &["/app"])],
            vec!["/app-2/d", "/app/a", "/app/b", "/app/in/c"],
        ),
        (vec![filter("Name", Some("Contains"), &["oo", "in"])], vec!["/app/in/c", "root"]),
        (vec![filter("tag:team", None, &["red"])], vec!["/app/a"]),
        (vec![filter("tag:team", None, &["blue"])], vec![]),
        (vec![filter("Tier", None, &["Advanced"])], vec![]),
        (vec![filter("Type", None, &["String"]), filter("Name", None, &["/app/b"])], vec!["/app/b"]),
    ] {
        let (mut seen, mut next_token) = (Vec::new(), None);
        loop {
            let input = model::DescribeParametersRequest {
                parameter_filters: Some(filters.clone()),
                max_results: Some(2),
                next_token,
                ..Default::default()
            };
            let page: model::DescribeParametersResult =
                world.call("DescribeParameters", input).await.unwrap();
            seen.extend(page.parameters.unwrap().into_iter().map(|found| found.name.unwrap()));
            next_token = page.next_token;
            if next_token.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{filters:?}");
    }
}

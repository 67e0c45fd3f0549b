//! Plans: what they print, their order, and that carrying one out gives what was wanted.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use weft_template::{
    AppResource, Auth, Key, Manifest, PartName, Placement, Resource, Resources, RouteResource, Scale,
    ServiceResource, Step, diff, parse, removal,
};
use weft_types::{AccountId, AppName, WorkloadName};

fn manifest(text: &str) -> Manifest {
    let files = BTreeMap::from([
        ("app.py".to_owned(), "import flask\napp = flask.Flask(__name__)".to_owned()),
        ("greet/app.py".to_owned(), "def handler(event, context): pass\n".to_owned()),
    ]);
    parse(text, "front", &files).unwrap_or_else(|problems| panic!("{}", problems[0]))
}

fn wanted(manifest: &Manifest, digest: &str) -> Resources {
    let digests = manifest.code().map(|workload| (workload.name.clone(), digest.to_owned())).collect();
    manifest.resources(&Placement { account: AccountId::DEFAULT, digests }).unwrap()
}

fn plan(current: &Resources, desired: &Resources) -> String {
    diff(current, desired, &PartName::parse("front").unwrap()).unwrap().to_string()
}

const SHOP: &str = r#"
app = "shop"
[service.web]
route = "/"
permissions = [{ allow = "s3:GetObject", on = "arn:aws:s3:::b/*" }]
[function.greet]
path = "greet"
route = "/greet"
"#;

#[test]
fn the_first_plan_makes_everything_in_order() {
    let desired = wanted(&manifest(SHOP), "d1");
    assert_eq!(
        plan(&Resources::new(), &desired),
        "+ app shop\n+ role of greet\n+ role of web\n+ function greet\n+ service web\n+ route / → web\n+ route /greet → greet\n"
    );
    assert_eq!(plan(&desired, &desired), "");
}

#[test]
fn a_later_plan_has_only_the_difference() {
    let before = wanted(&manifest(SHOP), "d1");
    let after =
        SHOP.replace("route = \"/\"", "memory = 512\nroute = \"/new\"").replace("GetObject", "PutObject");
    assert_eq!(
        plan(&before, &wanted(&manifest(&after), "d2")),
        "~ role of web (permissions)\n~ function greet (code)\n~ service web (code, memory)\n+ route /new → web\n- route /\n"
    );
    let without = SHOP.split("[function").next().unwrap();
    assert_eq!(
        plan(&before, &wanted(&manifest(without), "d1")),
        "- route /greet\n- function greet\n- role of greet\n"
    );
}

#[test]
fn a_name_that_changes_its_kind_is_free_before_it_is_taken() {
    let before = wanted(&manifest(SHOP), "d1");
    let after = SHOP.replace("[function.greet]", "[service.greet]\ncommand = \"python app.py\"");
    assert_eq!(
        plan(&before, &wanted(&manifest(&after), "d1")),
        "- route /greet\n- function greet\n+ service greet\n+ route /greet → greet\n- role of greet\n"
    );
}

#[test]
fn a_part_leaves_the_others_alone() {
    let before = wanted(&manifest(SHOP), "d1");
    let back = manifest("app = \"shop\"\npart = \"back\"\n[service.orders]\n");
    let desired = wanted(&back, "d9");
    let plan = diff(&before, &desired, &PartName::parse("back").unwrap()).unwrap();
    assert_eq!(plan.to_string(), "+ service orders\n");
    let taken = manifest("app = \"shop\"\npart = \"back\"\n[service.web]\nroute = \"/greet\"\n");
    let conflicts = diff(&before, &wanted(&taken, "d9"), &PartName::parse("back").unwrap()).unwrap_err();
    let shown: Vec<_> = conflicts.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "service web belongs to the part `front` of this app",
            "route /greet belongs to the part `front` of this app"
        ]
    );
}

#[test]
fn removal_goes_from_the_outside_in() {
    let current = wanted(&manifest(SHOP), "d1");
    assert_eq!(
        removal(&current, None).to_string(),
        "- route /greet\n- route /\n- service web\n- function greet\n- role of web\n- role of greet\n- app shop\n"
    );
    let web = WorkloadName::parse("web").unwrap();
    assert_eq!(removal(&current, Some(&web)).to_string(), "- route /\n- service web\n- role of web\n");
    assert!(removal(&current, None).applied_to(&current).is_empty());
}

#[test]
fn roles_say_who_assumes_them_and_what_they_allow() {
    let resources = wanted(&manifest(SHOP), "d1");
    let Some(Resource::Role(role)) = resources.get(&Key::Role(WorkloadName::parse("web").unwrap())) else {
        panic!()
    };
    assert_eq!(
        role.arn(AccountId::DEFAULT).as_str(),
        "arn:aws:iam::000000000000:role/weft/shop/front/weft.shop.web"
    );
    assert_eq!(
        role.trust_policy,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"compute.weft.localhost"},"Action":"sts:AssumeRole"}]}"#
    );
    assert_eq!(
        role.policy.as_deref(),
        Some(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::b/*"]}]}"#
        )
    );
    let app = AppName::parse("shop").unwrap();
    let owner = weft_template::RoleResource::owner(&app, &role.role_path, &role.role_name).unwrap();
    assert_eq!((owner.0.as_str(), owner.1.as_str()), ("front", "web"));
}

fn name(n: u8) -> WorkloadName {
    WorkloadName::parse(&format!("w{n}")).unwrap()
}

fn service(n: u8, memory: u32, part: &str) -> Resource {
    Resource::Service(ServiceResource {
        name: name(n),
        part: PartName::parse(part),
        source: "s".into(),
        command: vec!["x".into()],
        interpreter: None,
        environment: BTreeMap::new(),
        role: None,
        memory_mib: memory,
        timeout_seconds: 1,
        start_timeout_seconds: 1,
        scale: Scale::SERVICE,
        health: None,
    })
}

fn function(n: u8, memory: u32, part: &str) -> Resource {
    Resource::Function(weft_template::FunctionResource {
        name: name(n),
        part: PartName::parse(part),
        function_name: format!("a-w{n}"),
        source: "s".into(),
        runtime: weft_types::RuntimeName::parse("python3.12").unwrap(),
        handler: "a.b".into(),
        environment: BTreeMap::new(),
        role: weft_types::Arn::of("iam", "", "000000000000", "role/r"),
        memory_mib: memory,
        timeout_seconds: 1,
        scale: Scale::FUNCTION,
    })
}

fn route(n: u8, target: u8, part: &str) -> Resource {
    let path = format!("/{n}");
    let part = PartName::parse(part);
    Resource::Route(RouteResource {
        host: None,
        path,
        part,
        target: name(target),
        auth: Auth::None,
        strip: false,
    })
}

/// Resources of one part, in which each name is a function or a service.
fn resources(part: &'static str, names: std::ops::Range<u8>) -> impl Strategy<Value = Resources> {
    let workload = (names.clone(), any::<bool>(), 1..3u32);
    let workloads = prop::collection::vec(workload, 0..5);
    let routes = prop::collection::vec((names.clone(), names), 0..5);
    (workloads, routes).prop_map(move |(workloads, routes)| {
        let kinds: BTreeMap<u8, (bool, u32)> =
            workloads.into_iter().map(|(n, kind, memory)| (n, (kind, memory))).collect();
        let make = |(n, (kind, memory)): (u8, (bool, u32))| {
            if kind { service(n, memory, part) } else { function(n, memory, part) }
        };
        let app = Resource::App(AppResource { name: AppName::parse("a").unwrap() });
        let routes = routes.into_iter().map(|(n, target)| route(n, target, part));
        std::iter::once(app).chain(kinds.into_iter().map(make)).chain(routes).collect()
    })
}

proptest! {
    #[test]
    fn carrying_a_plan_out_gives_what_was_wanted(
        own in resources("front", 0..4), desired in resources("front", 0..4), others in resources("back", 10..14),
    ) {
        let both = |a: &Resources, b: &Resources| a.iter().chain(b.iter()).map(|(_, r)| r.clone()).collect::<Resources>();
        let current = both(&own, &others);
        let part = PartName::parse("front").unwrap();
        let plan = diff(&current, &desired, &part).unwrap();
        let after = plan.applied_to(&current);
        prop_assert_eq!(&after, &both(&desired, &others));
        prop_assert!(diff(&after, &desired, &part).unwrap().is_empty());
        // Carried out step by step, no name is ever a function and a service, and nothing is made twice.
        let mut state = current;
        for step in plan.steps() {
            let key = step.resource().key();
            match step {
                Step::Create(_) => prop_assert!(state.get(&key).is_none()),
                Step::Update { from, .. } => prop_assert_eq!(state.get(&key), Some(from)),
                Step::Delete(resource) => prop_assert_eq!(state.get(&key), Some(resource)),
            }
            match step {
                Step::Create(r) | Step::Update { to: r, .. } => state.insert(r.clone()),
                Step::Delete(_) => { state.remove(&key); }
            }
            for n in (0..4).map(name) {
                let twice = state.get(&Key::Function(n.clone())).is_some() && state.get(&Key::Service(n)).is_some();
                prop_assert!(!twice);
            }
        }
    }
}

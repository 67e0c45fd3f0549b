//! Records of older builds.

use super::*;

#[test]
fn a_route_of_an_older_build_keeps_its_rule() {
    #[derive(Serialize)]
    enum Old {
        None,
        Iam,
    }
    #[derive(Serialize)]
    struct OldRoute {
        part: Option<String>,
        created: Timestamp,
        host: Option<String>,
        path: &'static str,
        target: &'static str,
        auth: Old,
        strip: bool,
        claimed: u64,
    }
    for (auth, expected) in [(Old::None, RouteAuth::None), (Old::Iam, RouteAuth::Iam)] {
        let created = Timestamp::from_millis(1);
        let (path, target) = ("/", "web");
        let old = OldRoute { part: None, created, host: None, path, target, auth, strip: false, claimed: 1 };
        let fields = rmp_serde::to_vec_named(&old).expect("fields");
        assert_eq!(RouteRecord::upgrade(1, &fields).expect("a record").auth, expected);
    }
}

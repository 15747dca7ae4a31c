//! The deployed routes, and the local ones beside them.

use std::collections::BTreeSet;

use devkit::gateway::route::{DEFAULT, EmptyRest};
use devkit::template::Template;
use matchit::Router;

use crate::deployed::DEPLOYED;
use crate::metadata;
use testkit::operations;

/// Where paths that no operation has end, besides those below a documented one.
const UNKNOWN: [&str; 8] = [
    "//",
    "/openapi",
    "/unknown",
    "/v1",
    "/v1/",
    "/v1/accountsx",
    "/api/public/v1/",
    "/api/public/v1/accountx",
];

#[test]
fn every_operation_reaches_its_function() {
    for operation in operations() {
        for rest in [EmptyRest::Accepted, EmptyRest::Rejected] {
            let (_, binary) = DEPLOYED.receiver(operation.path(), rest);

            assert_eq!(binary, operation.binary(), "{}, empty rest {rest:?}", operation.name);
        }
    }
}

#[test]
fn a_trailing_slash_matters_only_where_api_gateway_rejects_an_empty_path() {
    for operation in operations().into_iter().filter(|operation| operation.path() != "/") {
        let slashed = format!("{}/", operation.path());
        let (accepting, binary) = DEPLOYED.receiver(&slashed, EmptyRest::Accepted);
        let refusing = DEPLOYED.receiver(&slashed, EmptyRest::Rejected);

        assert_eq!(binary, operation.binary(), "{slashed}");
        if accepting == format!("{slashed}{{proxy+}}") {
            assert_eq!(refusing, (DEFAULT, "not-found"), "{slashed}");
        } else {
            assert_eq!(refusing, (accepting, binary), "{slashed}");
        }
    }
}

#[test]
fn no_route_lacks_an_operation() {
    let used: BTreeSet<_> = operations()
        .iter()
        .flat_map(|operation| [operation.path().to_owned(), format!("{}/", operation.path())])
        .map(|path| DEPLOYED.receiver(&path, EmptyRest::Accepted).0)
        .collect();

    assert_eq!(used, DEPLOYED.routes.keys().map(String::as_str).collect());
}

#[test]
fn every_route_accepts_every_method_so_that_405_comes_from_the_function() {
    for (path, (method, _)) in &DEPLOYED.routes {
        assert_eq!(method, "x-amazon-apigateway-any-method", "{path}");
    }
}

#[test]
fn the_paths_of_the_api_have_no_stage_before_them() {
    let stages = DEPLOYED.resources("AWS::ApiGatewayV2::Stage");

    let names: Vec<_> = stages.values().map(|stage| &stage["Properties"]["StageName"]).collect();
    assert_eq!(names, ["$default"]);
}

#[test]
fn no_declared_route_is_dropped_on_the_way_to_deployment() {
    let template = Template::load().unwrap();
    let declared: BTreeSet<_> = template
        .functions()
        .iter()
        .flat_map(|function| {
            function.routes.iter().map(|(_, path)| (path.as_str(), function.binary.as_str()))
        })
        .collect();

    let deployed =
        DEPLOYED.routes.iter().map(|(path, (_, binary))| (path.as_str(), binary.as_str()));
    assert_eq!(declared, deployed.collect());
}

#[test]
fn a_path_reaches_the_same_function_locally_as_deployed() {
    let local = local_router();
    let documented = operations().into_iter().flat_map(|operation| {
        ["", "/", "/unknown", "/unknown/", "//"].map(|rest| format!("{}{rest}", operation.path()))
    });

    for path in documented.chain(UNKNOWN.map(str::to_owned)) {
        let (_, deployed) = DEPLOYED.receiver(&path, EmptyRest::Accepted);

        assert_eq!(local.at(&path).map(|route| route.value.as_str()), Ok(deployed), "{path}");
    }
}

#[test]
fn the_same_functions_are_served_locally_as_deployed() {
    let template = Template::load().unwrap();
    let with_routes = template.functions().iter().filter(|own| !own.routes.is_empty());
    let deployed: BTreeSet<_> = with_routes.map(|function| function.binary.clone()).collect();

    assert_eq!(
        local_routes().into_iter().map(|(_, binary)| binary).collect::<BTreeSet<_>>(),
        deployed
    );
}

/// The routes of `cargo lambda watch`, in the router it uses.
fn local_router() -> Router<String> {
    let mut router = Router::new();
    for (path, binary) in local_routes() {
        router.insert(path, binary).unwrap();
    }
    router
}

fn local_routes() -> Vec<(String, String)> {
    let table = &metadata()["metadata"]["lambda"]["watch"]["router"];
    let entries = table.as_object().unwrap().iter();
    entries.map(|(path, binary)| (path.clone(), binary.as_str().unwrap().to_owned())).collect()
}

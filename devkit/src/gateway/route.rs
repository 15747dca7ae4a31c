//! How an HTTP API chooses the route of a request, as its documentation says; every route here
//! takes all methods.

use std::collections::BTreeMap;

/// The route that takes what no other does.
pub const DEFAULT: &str = "$default";

/// Whether `/x/{proxy+}` takes `/x/`: the documentation leaves it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyRest {
    /// It does.
    Accepted,
    /// It does not.
    Rejected,
}

/// How closely a route fits a path; the greatest fit is chosen.
///
/// Each list says segment by segment whether the route spells it out.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Default,
    Greedy(Vec<bool>),
    Full(Vec<bool>),
}

/// The route, out of these, that API Gateway chooses for the path.
pub fn choose<'a>(
    routes: impl IntoIterator<Item = &'a str>,
    path: &str,
    rest: EmptyRest,
) -> Option<&'a str> {
    let fits = routes.into_iter().filter_map(|route| Some((fit(route, path, rest)?, route)));
    fits.max().map(|(_, route)| route)
}

/// The values of the route's variables, as API Gateway hands them to the function.
pub fn parameters<'a>(route: &'a str, path: &'a str) -> BTreeMap<&'a str, &'a str> {
    if let Some(prefix) = route.strip_suffix("/{proxy+}") {
        return BTreeMap::from([("proxy", &path[prefix.len() + 1..])]);
    }
    route
        .split('/')
        .zip(path.split('/'))
        .filter_map(|(own, given)| Some((variable(own)?, given)))
        .collect()
}

fn fit(route: &str, path: &str, rest: EmptyRest) -> Option<Fit> {
    if route == DEFAULT {
        return Some(Fit::Default);
    }
    let Some(prefix) = route.strip_suffix("/{proxy+}") else {
        return Some(Fit::Full(spelt_out(route, path)?));
    };
    let end = path.match_indices('/').nth(prefix.matches('/').count())?.0;
    let rejected = rest == EmptyRest::Rejected && path.len() == end + 1;
    if rejected { None } else { Some(Fit::Greedy(spelt_out(prefix, &path[..end])?)) }
}

/// Whether each segment is spelt out, if the route takes the path as a whole.
fn spelt_out(route: &str, path: &str) -> Option<Vec<bool>> {
    if route.matches('/').count() != path.matches('/').count() {
        return None;
    }
    let segments = route.split('/').zip(path.split('/'));
    segments
        .map(|(own, given)| match variable(own) {
            Some(_) => (!given.is_empty()).then_some(false),
            None => (own == given).then_some(true),
        })
        .collect()
}

fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_route_is_chosen() {
        let routes =
            ["$default", "/x", "/x/{id}", "/x/{id}/plan", "/x/{proxy+}", "/{proxy+}", "/x/own"];

        for (path, route) in [
            ("/x", "/x"),
            ("/x/own", "/x/own"),
            ("/x/1", "/x/{id}"),
            ("/x/1/plan", "/x/{id}/plan"),
            ("/x/1/", "/x/{proxy+}"),
            ("/x/1/plan/", "/x/{proxy+}"),
            ("/x//plan", "/x/{proxy+}"),
            ("/xy", "/{proxy+}"),
        ] {
            assert_eq!(choose(routes, path, EmptyRest::Rejected), Some(route), "{path}");
        }
    }

    #[test]
    fn an_empty_proxy_path_matches_under_one_reading_only() {
        let routes = ["$default", "/x", "/x/{id}", "/x/{proxy+}"];

        assert_eq!(choose(routes, "/x/", EmptyRest::Accepted), Some("/x/{proxy+}"));
        assert_eq!(choose(routes, "/x/", EmptyRest::Rejected), Some(DEFAULT));
        assert_eq!(choose(["/x"], "/x/", EmptyRest::Accepted), None);
    }
}

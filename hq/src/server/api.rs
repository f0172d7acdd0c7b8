//! The API for an ERP, for channels and for people: one table of routes, of
//! which the router and the OpenAPI document are both made.
//!
//! | module | what |
//! |---|---|
//! | [`route`] | what a route is, and how one is served: key, scope, limits, form, idempotency, audit |
//! | [`document`] | the OpenAPI document, made of the table |
//! | [`forms`] | what several routes take and give |
//! | the others | the routes of a noun |

mod access;
mod administration;
mod batches;
mod catalogue;
mod costs;
mod document;
mod forms;
mod goods;
mod importing;
mod labels;
mod members;
mod orders;
mod pictures;
mod plain;
pub(super) mod route;
mod scan_go;
mod selling;
mod transfers;

use std::collections::BTreeSet;

use axum::Router;
use axum::middleware::from_fn_with_state;

use super::lane_limits::bounded;
use super::metrics::{Tag, tagged, watched};
use super::routes::SharedDesk;
pub(super) use document::document;
use route::{Access, Route};

/// Every route of the server.
fn routes() -> Vec<Route> {
    let mut routes = plain::routes();
    routes.extend(access::routes());
    routes.extend(catalogue::routes());
    routes.extend(pictures::routes());
    routes.extend(costs::routes());
    routes.extend(importing::routes());
    routes.extend(selling::routes());
    routes.extend(labels::routes());
    routes.extend(members::routes());
    routes.extend(orders::routes());
    routes.extend(transfers::routes());
    routes.extend(batches::routes());
    routes.extend(administration::routes());
    routes.extend(scan_go::routes());
    routes
}

/// Serves every route of the table.
pub(super) fn router(desk: SharedDesk) -> Router {
    let router = routes().into_iter().fold(Router::new(), |router, route| {
        let Route { described, serve } = route;
        let serve = match described.access {
            Access::Lane => serve.route_layer(from_fn_with_state(desk.lane_limits.clone(), bounded)),
            Access::Anybody | Access::Link | Access::Admin | Access::SignedIn | Access::Scope(_) => serve,
        };
        router.route(described.path, serve.route_layer(from_fn_with_state(Tag(described.tag), tagged)))
    });
    let router = router.fallback(plain::no_route).method_not_allowed_fallback(plain::no_method);
    router.layer(from_fn_with_state(desk.clone(), watched)).with_state(desk)
}

/// The nouns of all routes.
pub(super) fn tags() -> BTreeSet<&'static str> {
    routes().into_iter().map(|route| route.described.tag).collect()
}

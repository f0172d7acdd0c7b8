//! What customers' phones ask of HQ ([`go`], [`receipt`]): the rows of the table.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use protocol::head::{PublicKey, SigningKey};

use super::route::{Access, Asker, Content, Described, Route, json, other};
use crate::scan_go::keys;
use crate::server::Desk;
use crate::server::gate::Gate;
use crate::server::go::{self, BasketAsked, BasketSealed, FILES, File, Phones, Prices, PricesAsked, Stall};
use crate::server::receipt;
use crate::server::refusal::{Refusal, chain};
use crate::server::routes::SharedDesk;
use crate::store::{Reading, Store};

impl Stall for Desk {
    fn store(&self) -> &Store {
        &self.store
    }

    fn phones(&self) -> &Phones {
        &self.phones
    }

    fn gate(&self) -> &Gate {
        &self.questions
    }

    fn link_keys(&self, reading: &Reading<'_>) -> Result<Vec<PublicKey>, Refusal> {
        Ok(keys::public(reading)?)
    }

    fn signing(&self, reading: &Reading<'_>, _: i64) -> Result<SigningKey, Refusal> {
        let key = keys::signing(reading).map_err(|error| Refusal::Fault(chain(&error)))?;
        key.ok_or(Refusal::Unauthorised)
    }
}

pub(super) fn routes() -> Vec<Route> {
    let mut routes: Vec<Route> = FILES.iter().map(file).collect();
    routes.push(other(
        described(
            "/v1/go/{store}/prices",
            "Prices a phone's basket.",
            json::<PricesAsked>(),
            json::<Prices>(),
        ),
        post(|State(desk): State<SharedDesk>, asker: Asker, request: Request| {
            go::prices(desk, asker, request)
        }),
    ));
    routes.push(other(
        described(
            "/v1/go/{store}/baskets",
            "Signs a phone's basket for a till.",
            json::<BasketAsked>(),
            json::<BasketSealed>(),
        ),
        post(|State(desk): State<SharedDesk>, asker: Asker, request: Request| go::seal(desk, asker, request)),
    ));
    routes.push(other(
        Described {
            method: "GET",
            path: "/r/{code}/{token}",
            tag: "receipts",
            says: "A receipt, for whoever has the link that its till showed.",
            access: Access::Anybody,
            query: None,
            body: None,
            answer: Content { kind: "text/html", schema: None },
            is_change: false,
        },
        get(|State(desk): State<SharedDesk>, asker: Asker, headers: HeaderMap| async move {
            let of = |name: &str| asker.param(name).to_owned();
            receipt::show(desk, asker.origin, (of("code"), of("token")), &headers).await
        }),
    ));
    routes
}

fn described(path: &'static str, says: &'static str, body: Content, answer: Content) -> Described {
    let (method, tag, access) = ("POST", "scan-and-go", Access::Link);
    Described { method, path, tag, says, access, query: None, body: Some(body), answer, is_change: false }
}

fn file(file: &'static File) -> Route {
    let answer = Content { kind: file.kind, schema: None };
    let (method, path, tag, says) = ("GET", file.path, "scan-and-go", file.says);
    let access = Access::Anybody;
    let described =
        Described { method, path, tag, says, access, query: None, body: None, answer, is_change: false };
    other(described, go::serve(file))
}

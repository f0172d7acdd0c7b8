//! The API against a real server, on a real database: what an ERP, a channel
//! or a person may ask, and what becomes of everything else.

#[path = "desk/mod.rs"]
mod desk;
#[path = "lane/mod.rs"]
mod lane;
#[path = "postgres/mod.rs"]
mod postgres;

#[path = "api/access.rs"]
mod access;
#[path = "api/catalogue.rs"]
mod catalogue;
#[path = "api/channel.rs"]
mod channel;
#[path = "api/form.rs"]
mod form;
#[path = "api/labels.rs"]
mod labels;
#[path = "api/orders.rs"]
mod orders;
#[path = "api/pictures.rs"]
mod pictures;
#[path = "api/scan_go.rs"]
mod scan_go;
#[path = "api/selling.rs"]
mod selling;
#[path = "api/transfers.rs"]
mod transfers;

use desk::Desk;
use hq::store::Address;

/// An empty database of the engine that this program is built for.
async fn open() -> Desk {
    let server = postgres::shared().filter(|_| env!("CARGO_CRATE_NAME") == "api_on_postgres");
    Desk::open(server.map(|server| Address { url: server.database(), authority: None })).await
}

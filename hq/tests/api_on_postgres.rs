//! The API against a real PostgreSQL: the tests of `api.rs`, of which none may
//! tell the engines apart.

#[path = "api.rs"]
mod api;

//! What lanes do, against a real PostgreSQL: the tests of `lanes.rs`, of which
//! none may tell the engines apart.

#[path = "lanes.rs"]
mod lanes;

//! Routes about people, sessions, keys and the audit trail.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::{delete, get, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::forms::{Changed, Millis, Page, PageQuery, ROLES, page, page_limit};
use super::route::{
    Access, Asker, Call, Described, Done, Nothing, Route, change, json as body, json_answer, let_through,
    other, prepared_change, question, within,
};
use crate::access::keys::{self, DAYS_DEFAULT, KeyError, Wanted};
use crate::access::people::{self, PeopleError, SignInError};
use crate::access::{ParseScopeError, Role, Scope, Scopes};
use crate::audit::{self, By};
use crate::command::{KeyShown, PersonShown};
use crate::secret::{self, SecretHash};
use crate::server::Desk;
use crate::server::refusal::{Refusal, chain};
use crate::server::routes::{SharedDesk, bearer, now_ms, work};
use crate::server::sent::Sent;
use crate::store::{AuditRow, Reading, StoreError, Writing};

const PEOPLE: (&str, Scope) = ("people", Scope::PeopleWrite);

impl From<PeopleError> for Refusal {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Store(error) => error.into(),
            error @ PeopleError::Exists(_) => Self::Conflict(error.to_string()),
            error @ PeopleError::Unknown(_) => Self::Unknown(error.to_string()),
            error @ (PeopleError::Name | PeopleError::Password | PeopleError::Role(_)) => {
                Self::Unfit(error.to_string())
            }
            error @ (PeopleError::Hash(_) | PeopleError::Draw(_)) => Self::Fault(chain(&error)),
        }
    }
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => error.into(),
            KeyError::Name(error) => error.into(),
            error @ KeyError::Unknown(_) => Self::Unknown(error.to_string()),
            error @ (KeyError::Scope(_) | KeyError::Beyond(_) | KeyError::Days | KeyError::TooMany) => {
                Self::Unfit(error.to_string())
            }
            KeyError::Draw(error) => Self::Fault(chain(&error)),
        }
    }
}

impl From<ParseScopeError> for Refusal {
    fn from(error: ParseScopeError) -> Self {
        Self::Unfit(error.to_string())
    }
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wrong => Self::SignIn,
            SignInError::Locked { seconds } => Self::LockedOut(seconds),
            SignInError::Draw(error) => Self::Fault(chain(&error)),
            SignInError::Store(error) => error.into(),
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    let signed_in = |(method, path), says, (sent, answer), serve| {
        let described = Described {
            method,
            path,
            tag: "sessions",
            says,
            access: Access::SignedIn,
            query: None,
            body: sent,
            answer,
            is_change: false,
        };
        other(described, serve)
    };
    vec![
        other(
            Described {
                method: "POST",
                path: "/v1/sessions",
                tag: "sessions",
                says: "Signs a person in. Five wrong passwords lock the name for a quarter of an hour.",
                access: Access::Anybody,
                query: None,
                body: Some(body::<SignIn>()),
                answer: body::<Session>(),
                is_change: false,
            },
            post(sign_in),
        ),
        signed_in(
            ("DELETE", "/v1/sessions/own"),
            "Ends the session that asks.",
            (None, body::<Changed>()),
            delete(sign_out),
        ),
        signed_in(
            ("GET", "/v1/me"),
            "Says who asks, and what they may do.",
            (None, body::<Me>()),
            get(tell_me),
        ),
        prepared_change(
            Method::PUT,
            "/v1/me/password",
            ("sessions", Access::SignedIn),
            ("person.password", "Gives whoever asks another password; their sessions end."),
            check_own_password,
            set_own_password,
        ),
        question("/v1/people", PEOPLE, "Lists people and their roles.", list_people),
        prepared_change(
            Method::POST,
            "/v1/people",
            ("people", Access::Scope(Scope::PeopleWrite)),
            ("person.add", "Adds a person; a password is drawn, and told once, where none is given."),
            hash_of_new,
            add_person,
        ),
        change(
            Method::PUT,
            "/v1/people/{name}/role",
            PEOPLE,
            ("person.role", "Gives a person another role; it counts at once."),
            set_role,
        ),
        prepared_change(
            Method::PUT,
            "/v1/people/{name}/password",
            ("people", Access::Scope(Scope::PeopleWrite)),
            ("person.password", "Gives a person another password; a lock and their sessions end."),
            hash_of_other,
            set_password,
        ),
        change(
            Method::DELETE,
            "/v1/people/{name}",
            PEOPLE,
            ("person.remove", "Removes a person; their sessions end."),
            remove_person,
        ),
        question("/v1/keys", PEOPLE, "Lists the keys of programs, also those that are over.", list_keys),
        prepared_change(
            Method::POST,
            "/v1/keys",
            ("people", Access::Scope(Scope::PeopleWrite)),
            ("key.make", "Makes a key with scopes; the key is told once."),
            draw_key,
            make_key,
        ),
        change(Method::DELETE, "/v1/keys/{id}", PEOPLE, ("key.revoke", "Ends a key at once."), revoke_key),
        question(
            "/v1/audit",
            ("people", Scope::AuditRead),
            "Reads the audit trail, newest first: who, when, what, from where.",
            read_audit,
        ),
    ]
}

/// A name and its password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    name: String,
    password: String,
}

/// A session that began.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Session {
    /// For `Authorization: Bearer`.
    token: String,
    /// It ends at this instant.
    until_ms: Millis,
}

/// Who asks.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Me {
    /// As the audit trail names them.
    name: String,
    /// What they may do.
    scopes: Vec<String>,
}

async fn sign_in(
    State(desk): State<SharedDesk>,
    asker: Asker,
    Sent(request): Sent<SignIn>,
) -> Result<Response, Refusal> {
    let permit = desk.sign_ins.enter().await?;
    let origin = asker.origin;
    within(work(&desk, permit, move |desk| {
        let now_ms = now_ms();
        // Trying many names from one place is slow as well.
        desk.brake().admit(origin, now_ms).map_err(|refusal| match refusal {
            protocol::enrol::EnrolRefusal::Wait { seconds } => Refusal::LockedOut(seconds),
            protocol::enrol::EnrolRefusal::Code => Refusal::SignIn,
        })?;
        match people::sign_in(&desk.store, &request.name, &request.password, now_ms) {
            Ok((token, until_ms)) => {
                desk.brake().note_right(origin);
                let by = By { who: format!("person {}", request.name), origin: origin.to_string() };
                desk.store.write::<_, StoreError>(|writing| {
                    audit::note(writing, &by, "session.begin", &request.name, &json!({}), now_ms)
                })?;
                json_answer(&Session { token, until_ms })
            }
            Err(error) => {
                if matches!(error, SignInError::Wrong) {
                    desk.brake().note_wrong(origin, now_ms);
                }
                Err(error.into())
            }
        }
    }))
    .await
}

async fn sign_out(
    State(desk): State<SharedDesk>,
    asker: Asker,
    request: Request,
) -> Result<Response, Refusal> {
    let_through(&desk, &asker, request.headers(), Access::SignedIn).await?;
    let hash = SecretHash::of(&bearer(request.headers())?);
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        desk.store.write::<_, StoreError>(|writing| writing.end_session(&hash))?;
        json_answer(&Changed { changed: true })
    })
    .await
}

async fn tell_me(
    State(desk): State<SharedDesk>,
    asker: Asker,
    request: Request,
) -> Result<Response, Refusal> {
    let call = let_through(&desk, &asker, request.headers(), Access::SignedIn).await?;
    let scopes = call.caller.scopes.to_string().split(' ').map(str::to_owned).collect();
    json_answer(&Me { name: call.caller.name, scopes })
}

/// Another password for oneself.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OwnPassword {
    /// The password of before.
    old: String,
    /// The one from now on: 10 characters at least.
    #[schemars(length(min = 10, max = 256))]
    new: String,
}

fn check_own_password(desk: &Desk, call: &Call, sent: OwnPassword) -> Result<(String, String), Refusal> {
    let name = call.caller.name.strip_prefix("person ");
    let name = name.ok_or_else(|| Refusal::Unfit("a key has no password".to_owned()))?;
    people::check_password(&desk.store, name, &sent.old, call.now_ms)?;
    Ok((name.to_owned(), people::hash(&sent.new)?))
}

fn set_own_password(
    writing: &Writing<'_>,
    _: &Call,
    (name, hash): &(String, String),
) -> Result<Done<Changed>, Refusal> {
    people::set_password(writing, name, hash)?;
    Ok(Done::new(Changed { changed: true }, name))
}

/// A person.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Person {
    name: String,
    /// owner, operator, accountant or read_only.
    role: String,
    /// Whether there is a password to sign in with.
    has_password: bool,
    /// No password is looked at before this instant; 0 for never locked.
    locked_until_ms: Millis,
    added_at_ms: Millis,
}

fn list_people(reading: &Reading<'_>, _: &Call, _: Nothing) -> Result<Page<Person>, Refusal> {
    let people = reading.people()?.into_iter().map(PersonShown::from).map(|person| Person {
        name: person.name,
        role: person.role,
        has_password: person.has_password,
        locked_until_ms: person.locked_until_ms,
        added_at_ms: person.added_at_ms,
    });
    Ok(Page { items: people.collect(), next: None })
}

/// Somebody to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewPerson {
    /// 1 to 64 characters.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// owner, operator, accountant or read_only.
    #[schemars(extend("enum" = ROLES))]
    role: String,
    /// 10 characters at least; one is drawn where absent.
    #[schemars(length(min = 10, max = 256))]
    password: Option<String>,
}

/// A password that was drawn; null where one was given.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Drawn {
    /// It is told once.
    password: Option<String>,
}

/// A password that is hashed, and told where it was drawn.
struct Hashed {
    name: String,
    role: Option<Role>,
    hash: String,
    drawn: Option<String>,
}

impl Hashed {
    fn of(name: String, role: Option<Role>, given: Option<String>) -> Result<Self, Refusal> {
        let drawn = match given {
            Some(_) => None,
            None => Some(secret::draw_password().map_err(PeopleError::from)?),
        };
        let password = given.as_ref().or(drawn.as_ref()).map(String::as_str).unwrap_or_default();
        Ok(Self { name, role, hash: people::hash(password)?, drawn })
    }

    fn done(&self, detail: serde_json::Value) -> Done<Drawn> {
        let is_secret = self.drawn.is_some();
        Done { is_secret, ..Done::new(Drawn { password: self.drawn.clone() }, &self.name).with(detail) }
    }
}

fn hash_of_new(_: &Desk, _: &Call, sent: NewPerson) -> Result<Hashed, Refusal> {
    Hashed::of(sent.name, Some(Role::parse(&sent.role)?), sent.password)
}

fn add_person(writing: &Writing<'_>, call: &Call, new: &Hashed) -> Result<Done<Drawn>, Refusal> {
    let role = new.role.unwrap_or(Role::ReadOnly);
    people::add(writing, &new.name, role, &new.hash, call.now_ms)?;
    Ok(new.done(json!({ "role": role.name() })))
}

/// Another role.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewRole {
    /// owner, operator, accountant or read_only.
    #[schemars(extend("enum" = ROLES))]
    role: String,
}

fn set_role(writing: &Writing<'_>, call: &Call, sent: &NewRole) -> Result<Done<Changed>, Refusal> {
    let role = Role::parse(&sent.role)?;
    people::set_role(writing, call.param("name"), role)?;
    Ok(Done::new(Changed { changed: true }, call.param("name")).with(json!({ "role": role.name() })))
}

/// Another password for somebody.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// 10 characters at least; one is drawn where absent.
    #[schemars(length(min = 10, max = 256))]
    password: Option<String>,
}

fn hash_of_other(_: &Desk, call: &Call, sent: NewPassword) -> Result<Hashed, Refusal> {
    Hashed::of(call.param("name").to_owned(), None, sent.password)
}

fn set_password(writing: &Writing<'_>, _: &Call, new: &Hashed) -> Result<Done<Drawn>, Refusal> {
    people::set_password(writing, &new.name, &new.hash)?;
    Ok(new.done(json!({})))
}

fn remove_person(writing: &Writing<'_>, call: &Call, _: &Nothing) -> Result<Done<Changed>, Refusal> {
    people::remove(writing, call.param("name"))?;
    Ok(Done::new(Changed { changed: true }, call.param("name")))
}

/// A key of a program, without the key itself.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Key {
    id: String,
    name: String,
    /// What it may do.
    scopes: Vec<String>,
    made_by: String,
    made_at_ms: Millis,
    expires_at_ms: Millis,
    /// When it was revoked; null while it is not.
    revoked_at_ms: Option<Millis>,
}

fn list_keys(reading: &Reading<'_>, _: &Call, query: PageQuery) -> Result<Page<Key>, Refusal> {
    let limit = page_limit(query.limit)?;
    let rows = reading.api_keys_after(query.after.as_deref().unwrap_or_default(), limit + 1)?;
    let keys = rows.into_iter().map(KeyShown::from).map(|key| Key {
        scopes: key.scopes.split(' ').map(str::to_owned).collect(),
        id: key.id,
        name: key.name,
        made_by: key.made_by,
        made_at_ms: key.made_at_ms,
        expires_at_ms: key.expires_at_ms,
        revoked_at_ms: key.revoked_at_ms,
    });
    Ok(page(keys.collect(), limit, |key| key.id.clone()))
}

/// A key to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    /// What the program is called.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// What it may do, such as goods:read; nothing that whoever makes it may not.
    #[schemars(length(min = 1), extend("items" = json!({ "type": "string", "enum": Scope::ALL.map(Scope::name) })))]
    scopes: Vec<String>,
    /// For how many days, 1 to 730; 365 where absent.
    #[schemars(range(min = 1, max = 730))]
    days: Option<u32>,
}

/// A key that was made.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct MadeKey {
    id: String,
    /// For `Authorization: Bearer`; it is told once.
    key: String,
    expires_at_ms: Millis,
}

/// A key to be made, with what was drawn for it.
struct DrawnKey {
    sent: NewKey,
    scopes: Scopes,
    id: String,
    secret: String,
}

fn draw_key(_: &Desk, _: &Call, sent: NewKey) -> Result<DrawnKey, Refusal> {
    let scopes = Scopes::parse(&sent.scopes.join(" "))?;
    let (id, secret) = keys::draw().map_err(KeyError::from)?;
    Ok(DrawnKey { sent, scopes, id, secret })
}

fn make_key(writing: &Writing<'_>, call: &Call, new: &DrawnKey) -> Result<Done<MadeKey>, Refusal> {
    let wanted =
        Wanted { name: &new.sent.name, scopes: &new.scopes, days: new.sent.days.unwrap_or(DAYS_DEFAULT) };
    let maker = (call.caller.name.as_str(), &call.caller.scopes);
    let made = keys::make(writing, maker, &wanted, (&new.id, &new.secret), call.now_ms)?;
    let detail = json!({ "name": wanted.name, "scopes": new.scopes.to_string(), "days": wanted.days });
    let answer = MadeKey { id: made.id.clone(), key: made.secret, expires_at_ms: made.expires_at_ms };
    Ok(Done { is_secret: true, ..Done::new(answer, made.id).with(detail) })
}

fn revoke_key(writing: &Writing<'_>, call: &Call, _: &Nothing) -> Result<Done<Changed>, Refusal> {
    keys::revoke(writing, call.param("id"), call.now_ms)?;
    Ok(Done::new(Changed { changed: true }, call.param("id")))
}

/// Which acts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    /// Where the page before ended: its `next`. The newest where absent.
    after: Option<String>,
    /// How many at most, 1 to 1000; 200 where absent.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    /// Only what this one did, such as `key 1a2b3c4d`.
    who: Option<String>,
    /// Only acts of this kind, such as `key.make`.
    act: Option<String>,
}

/// An act.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Act {
    at_ms: Millis,
    id: String,
    who: String,
    origin: String,
    act: String,
    subject: String,
    /// More of it, as JSON in a text.
    detail: String,
}

fn read_audit(reading: &Reading<'_>, _: &Call, query: AuditQuery) -> Result<Page<Act>, Refusal> {
    let limit = page_limit(query.limit)?.min(audit::ROWS_MAX);
    let after = query.after.as_deref().unwrap_or_default();
    let before = match after.split_once('.') {
        _ if after.is_empty() => (i64::MAX, ""),
        Some((at_ms, id)) if at_ms.parse::<i64>().is_ok() => (at_ms.parse().unwrap_or(i64::MAX), id),
        Some(_) | None => {
            return Err(Refusal::Form(format!("the query: after {after:?} is no next of a page")));
        }
    };
    let rows = reading.audit_before(before, query.who.as_deref(), query.act.as_deref(), limit + 1)?;
    let acts = rows.into_iter().map(|AuditRow { at_ms, id, who, origin, act, subject, detail }| Act {
        at_ms,
        id,
        who,
        origin,
        act,
        subject,
        detail,
    });
    Ok(page(acts.collect(), limit, |act| format!("{}.{}", act.at_ms, act.id)))
}

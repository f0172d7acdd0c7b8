//! The OpenAPI document, made of the table of routes and of the types that
//! they take and give.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::route::{Access, Content, Described, KEY_HEADER, KEY_LENGTHS, REPLAYED_HEADER};
use crate::access::Role;
use crate::server::refusal::KINDS;

/// Why something was not done (RFC 9457).
#[derive(Serialize, JsonSchema)]
struct ProblemDetails {
    /// A reference to a page that explains the kind.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request, and what to do.
    detail: String,
}

/// Makes the document.
pub(in crate::server) fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    generator.subschema_for::<ProblemDetails>();
    let mut paths: Map<String, Value> = Map::new();
    for route in super::routes() {
        let described = route.described;
        let path = paths.entry(described.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(described.method.to_ascii_lowercase(), operation(&mut generator, &described));
        }
    }
    let schemas = generator.take_definitions(true);
    let roles = [Role::Owner, Role::Operator, Role::Accountant, Role::ReadOnly];
    let roles: Vec<String> = roles.iter().map(|role| format!("{}: {}", role.name(), role.scopes())).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Guitai HQ",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later" },
            "description": format!(
                "Amounts are minor units (fen), quantities thousandths, times milliseconds since 1970-01-01 UTC. \
                 Every change has an Idempotency-Key. Every error is problem details (RFC 9457). \
                 Scopes of the roles: {}.",
                roles.join("; ")
            ),
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer", "description": "A key, or the token of a session." },
                "lane": { "type": "http", "scheme": "bearer", "description": "The key of an enrolled lane." },
                "link": { "type": "http", "scheme": "bearer", "description": "The token of the link at a store's entrance." },
                "admin": { "type": "http", "scheme": "bearer", "description": "The key of the data directory." },
            },
        },
    })
}

fn content(generator: &mut SchemaGenerator, content: &Content) -> Value {
    let body = match content.schema {
        Some(schema) => json!({ "schema": schema(generator) }),
        None => json!({}),
    };
    json!({ content.kind: body })
}

/// `getStoresStoreSales`, of `GET /v1/stores/{store}/sales`.
fn operation_id(described: &Described) -> String {
    let mut id = described.method.to_ascii_lowercase();
    let parts = described.path.split(|character: char| !character.is_ascii_alphanumeric());
    for part in parts.filter(|part| !part.is_empty() && *part != "v1") {
        let mut letters = part.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.extend(letters);
    }
    id
}

fn operation(generator: &mut SchemaGenerator, described: &Described) -> Value {
    let answer = content(generator, &described.answer);
    let mut success = json!({ "description": "Done.", "content": answer });
    if described.is_change {
        success["headers"] = json!({
            REPLAYED_HEADER.as_str(): {
                "description": "true where this was answered to the same key before.",
                "schema": { "type": "string" },
            },
        });
    }
    let problem = json!({ "schema": generator.subschema_for::<ProblemDetails>() });
    let problem = json!({ "application/problem+json": problem });
    let mut responses = json!({ "200": success });
    let statuses: std::collections::BTreeSet<u16> = KINDS.iter().map(|kind| kind.status.as_u16()).collect();
    for status in statuses {
        responses[status.to_string()] = json!({ "description": titles(status), "content": problem });
    }
    let mut operation = json!({
        "operationId": operation_id(described),
        "tags": [described.tag],
        "summary": described.says,
        "parameters": parameters(described),
        "responses": responses,
        "security": security(described.access),
    });
    if let Some(body) = &described.body {
        operation["requestBody"] = json!({ "required": true, "content": content(generator, body) });
    }
    operation
}

fn titles(status: u16) -> String {
    let titles: Vec<&str> =
        KINDS.iter().filter(|kind| kind.status.as_u16() == status).map(|kind| kind.title).collect();
    titles.join("; ")
}

/// Tools know scopes of OAuth alone; ours stand beside the key.
fn security(access: Access) -> Value {
    match access {
        Access::Anybody => json!([]),
        Access::Lane => json!([{ "lane": [] }]),
        Access::Link => json!([{ "link": [] }]),
        Access::Admin => json!([{ "admin": [] }]),
        Access::SignedIn => json!([{ "key": [] }]),
        Access::Scope(scope) => json!([{ "key": [scope.name()] }]),
    }
}

/// Those of the path, of the query and of the header.
fn parameters(described: &Described) -> Vec<Value> {
    let mut parameters = Vec::new();
    for name in described.path.split('{').skip(1).filter_map(|part| part.split('}').next()) {
        let schema = match name {
            "lane" => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
            "date" => json!({ "type": "string", "format": "date" }),
            _ => json!({ "type": "string", "minLength": 1, "maxLength": 256 }),
        };
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    if let Some(query) = described.query {
        // An object of its own, whose properties are the parameters.
        let mut alone = SchemaSettings::draft2020_12()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator();
        let schema = query(&mut alone);
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        for (name, mut schema) in properties {
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut parameter = json!({
                "name": name,
                "in": "query",
                "required": required.contains(&Value::String(name.clone())),
                "schema": without_null(schema),
            });
            if let Some(description) = description {
                parameter["description"] = description;
            }
            parameters.push(parameter);
        }
    }
    if described.is_change {
        parameters.push(json!({
            "name": KEY_HEADER.as_str(),
            "in": "header",
            "required": true,
            "description": "Drawn by the caller, one for each change. The same key with the same body has the same \
                            answer, and nothing is done twice.",
            "schema": {
                "type": "string",
                "minLength": KEY_LENGTHS.start(),
                "maxLength": KEY_LENGTHS.end(),
                "pattern": "^[!-~]+$",
            },
        }));
    }
    parameters
}

/// A parameter that is absent is no null.
fn without_null(mut schema: Value) -> Value {
    if let Some(schema) = schema.as_object_mut()
        && schema.get("default").is_some_and(Value::is_null)
    {
        schema.remove("default");
    }
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            schema["type"] = kind;
        }
    }
    schema
}

//! What the command line takes about people and keys.

use std::io::Read;

use anyhow::Context;
use clap::Subcommand;
use hq::access::keys::DAYS_DEFAULT;
use hq::access::people::PASSWORD_LENGTH_MAX;
use hq::command::{AccessCommand, Command, Password};

use super::{At, run};

/// What is done with people.
#[derive(Subcommand)]
pub(crate) enum UserAct {
    /// Add somebody; a password is drawn and printed once.
    Add {
        #[command(flatten)]
        at: At,
        /// The name.
        name: String,
        /// owner, operator, accountant or read_only.
        #[arg(long)]
        role: String,
        /// Take the password from the standard input instead.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Remove somebody; their sessions end.
    Remove {
        #[command(flatten)]
        at: At,
        /// The name.
        name: String,
    },
    /// Give somebody another role; it counts at once.
    Role {
        #[command(flatten)]
        at: At,
        /// The name.
        name: String,
        /// owner, operator, accountant or read_only.
        #[arg(long)]
        role: String,
    },
    /// Give somebody another password; a lock and their sessions end.
    Password {
        #[command(flatten)]
        at: At,
        /// The name.
        name: String,
        /// Take the password from the standard input instead of drawing one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List names and roles.
    List {
        #[command(flatten)]
        at: At,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What is done with keys.
#[derive(Subcommand)]
pub(crate) enum KeyAct {
    /// Make a key and print it once.
    Make {
        #[command(flatten)]
        at: At,
        /// What the program is called.
        name: String,
        /// What it may do, such as goods:read,sales:read.
        #[arg(long)]
        scopes: String,
        /// For how many days it is good.
        #[arg(long, default_value_t = DAYS_DEFAULT)]
        days: u32,
    },
    /// End a key at once.
    Revoke {
        #[command(flatten)]
        at: At,
        /// What it is called.
        id: String,
    },
    /// List keys, also those that are over.
    List {
        #[command(flatten)]
        at: At,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// The first line of the standard input, where it is asked for.
fn password(is_given: bool) -> anyhow::Result<Option<Password>> {
    if !is_given {
        return Ok(None);
    }
    let mut text = String::new();
    let most = PASSWORD_LENGTH_MAX as u64 + 2;
    std::io::stdin().lock().take(most).read_to_string(&mut text).context("read the password")?;
    Ok(Some(Password(text.lines().next().unwrap_or_default().to_owned())))
}

/// Does something with people.
pub(crate) fn run_user(act: UserAct) -> anyhow::Result<()> {
    let (at, command, json) = match act {
        UserAct::Add { at, name, role, password_stdin } => {
            (at, AccessCommand::AddUser { name, role, password: password(password_stdin)? }, false)
        }
        UserAct::Remove { at, name } => (at, AccessCommand::RemoveUser { name }, false),
        UserAct::Role { at, name, role } => (at, AccessCommand::SetRole { name, role }, false),
        UserAct::Password { at, name, password_stdin } => {
            (at, AccessCommand::SetPassword { name, password: password(password_stdin)? }, false)
        }
        UserAct::List { at, json } => (at, AccessCommand::ListUsers, json),
    };
    run(at, Command::Access(command), json)
}

/// Does something with keys.
pub(crate) fn run_key(act: KeyAct) -> anyhow::Result<()> {
    let (at, command, json) = match act {
        KeyAct::Make { at, name, scopes, days } => (at, AccessCommand::MakeKey { name, scopes, days }, false),
        KeyAct::Revoke { at, id } => (at, AccessCommand::RevokeKey { id }, false),
        KeyAct::List { at, json } => (at, AccessCommand::ListKeys, json),
    };
    run(at, Command::Access(command), json)
}

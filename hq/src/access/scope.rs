//! What may be done, and by which roles.

use std::fmt;

/// One thing that a caller may do. Its name is `noun:verb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read stores, goods, prices, promotions and price batches.
    GoodsRead,
    /// Import and change them.
    GoodsWrite,
    /// Read what goods cost.
    CostsRead,
    /// Say what goods cost.
    CostsWrite,
    /// Read members, their points and their coupons.
    MembersRead,
    /// Register members, move points, give and withdraw coupons.
    MembersWrite,
    /// Read stock.
    StockRead,
    /// Reserve and release stock.
    StockWrite,
    /// Read sales and the daily journal.
    SalesRead,
    /// Read orders of channels.
    OrdersRead,
    /// Place orders and move them.
    OrdersWrite,
    /// Enrol and revoke lanes.
    LanesWrite,
    /// Add people and keys, and take them away.
    PeopleWrite,
    /// Read the audit trail.
    AuditRead,
    /// Read the server's metrics.
    WatchRead,
}

/// Why a text names no scope or no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseScopeError {
    /// No such scope.
    #[error("read a scope: {0:?} is none; use {all}", all = Scopes::all())]
    Scope(String),
    /// No such role.
    #[error("read a role: {0:?} is none; use owner, operator, accountant or read_only")]
    Role(String),
    /// A key that may do nothing.
    #[error("read scopes: name one at least, such as sales:read")]
    None,
}

/// The longest part of a wrong name that is said again.
const SAID_LENGTH_MAX: usize = 64;

fn said(text: &str) -> String {
    text.chars().take(SAID_LENGTH_MAX).collect()
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 15] = [
        Self::GoodsRead,
        Self::GoodsWrite,
        Self::CostsRead,
        Self::CostsWrite,
        Self::MembersRead,
        Self::MembersWrite,
        Self::StockRead,
        Self::StockWrite,
        Self::SalesRead,
        Self::OrdersRead,
        Self::OrdersWrite,
        Self::LanesWrite,
        Self::PeopleWrite,
        Self::AuditRead,
        Self::WatchRead,
    ];

    /// The name, as it is typed and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::GoodsRead => "goods:read",
            Self::GoodsWrite => "goods:write",
            Self::CostsRead => "costs:read",
            Self::CostsWrite => "costs:write",
            Self::MembersRead => "members:read",
            Self::MembersWrite => "members:write",
            Self::StockRead => "stock:read",
            Self::StockWrite => "stock:write",
            Self::SalesRead => "sales:read",
            Self::OrdersRead => "orders:read",
            Self::OrdersWrite => "orders:write",
            Self::LanesWrite => "lanes:write",
            Self::PeopleWrite => "people:write",
            Self::AuditRead => "audit:read",
            Self::WatchRead => "watch:read",
        }
    }

    /// Reads a scope's name.
    pub fn parse(text: &str) -> Result<Self, ParseScopeError> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.name() == text)
            .ok_or_else(|| ParseScopeError::Scope(said(text)))
    }
}

/// A set of scopes, in the order of [`Scope::ALL`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// All of them.
    pub fn all() -> Self {
        Self(Scope::ALL.to_vec())
    }

    /// Makes a set.
    pub fn of(scopes: &[Scope]) -> Self {
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }

    /// Reads names with commas or spaces between.
    pub fn parse(text: &str) -> Result<Self, ParseScopeError> {
        let names = text.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty());
        let scopes = names.map(Scope::parse).collect::<Result<Vec<_>, _>>()?;
        if scopes.is_empty() { Err(ParseScopeError::None) } else { Ok(Self::of(&scopes)) }
    }

    /// Reads what is stored; names that this program does not know are left out.
    pub(super) fn parse_known(text: &str) -> Self {
        let scopes: Vec<Scope> = text.split(' ').filter_map(|name| Scope::parse(name).ok()).collect();
        Self::of(&scopes)
    }

    /// Whether a scope is in it.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// One of `asked` that is not in it.
    pub fn lacks(&self, asked: &Self) -> Option<Scope> {
        asked.0.iter().copied().find(|scope| !self.has(*scope))
    }
}

impl fmt::Display for Scopes {
    /// The names, with a space between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|scope| scope.name()).collect();
        f.write_str(&names.join(" "))
    }
}

/// What a person is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything, people and keys among it.
    Owner,
    /// Everything but people, keys and the audit trail.
    Operator,
    /// Reads sales, stock, goods with their costs, and the audit trail.
    Accountant,
    /// Reads sales, stock, goods and orders; no members.
    ReadOnly,
}

impl Role {
    /// The role's name, as it is typed and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Accountant => "accountant",
            Self::ReadOnly => "read_only",
        }
    }

    /// Reads a role's name.
    pub fn parse(text: &str) -> Result<Self, ParseScopeError> {
        [Self::Owner, Self::Operator, Self::Accountant, Self::ReadOnly]
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| ParseScopeError::Role(said(text)))
    }

    /// What somebody of this role may do.
    pub fn scopes(self) -> Scopes {
        match self {
            Self::Owner => Scopes::all(),
            Self::Operator => {
                let own = [Scope::PeopleWrite, Scope::AuditRead];
                Scopes(Scope::ALL.into_iter().filter(|scope| !own.contains(scope)).collect())
            }
            Self::Accountant => {
                let costs = [Scope::GoodsRead, Scope::CostsRead];
                Scopes::of(&[&costs[..], &[Scope::StockRead, Scope::SalesRead, Scope::AuditRead]].concat())
            }
            Self::ReadOnly => Scopes::of(&[
                Scope::GoodsRead,
                Scope::StockRead,
                Scope::SalesRead,
                Scope::OrdersRead,
                Scope::WatchRead,
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        assert_eq!(Scopes::parse(&Scopes::all().to_string()), Ok(Scopes::all()));
        assert_eq!(
            Scopes::parse("sales:read, goods:read").map(|all| all.to_string()),
            Ok("goods:read sales:read".into())
        );
        assert_eq!(Scopes::parse(" , "), Err(ParseScopeError::None));
        let wrong = Scopes::parse("sales:write").expect_err("no such scope").to_string();
        assert!(wrong.contains("\"sales:write\" is none; use goods:read"), "{wrong}");
        assert_eq!(Scopes::parse_known("sales:read fly:high"), Scopes::of(&[Scope::SalesRead]));
    }

    #[test]
    fn only_an_owner_has_people_and_nobody_else_has_members_but_an_operator() {
        let has = |role: Role, scope| role.scopes().has(scope);
        for role in [Role::Operator, Role::Accountant, Role::ReadOnly] {
            assert!(!has(role, Scope::PeopleWrite));
            assert_eq!(has(role, Scope::MembersRead), role == Role::Operator);
        }
        assert_eq!(Role::Owner.scopes(), Scopes::all());
        assert!(has(Role::Accountant, Scope::CostsRead) && !has(Role::ReadOnly, Scope::CostsRead));
        assert_eq!(Role::Operator.scopes().lacks(&Scopes::all()), Some(Scope::PeopleWrite));
    }
}

//! What an engine is: sessions that take statements, rows and blocks of rows.
//!
//! A statement is written once, in the SQL that both engines take, with
//! `?1`, `?2`, ... for its values. Where their words differ, [`Session::dialect`]
//! says which one listens. All numbers are 64 bits, all times are numbers.

use super::StoreError;

/// Whose words a session understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, embedded.
    Sqlite,
    /// PostgreSQL, or what speaks as it does.
    Postgres,
}

impl Dialect {
    /// Chooses between two wordings of one statement.
    pub(super) fn of<'a>(self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}

/// A database that transactions are opened on.
pub(super) trait Engine: Send + Sync {
    /// Opens a transaction that sees one state and changes nothing.
    fn begin_read(&self) -> Result<Box<dyn Session + '_>, StoreError>;

    /// Opens a transaction that may change everything.
    fn begin_write(&self) -> Result<Box<dyn Session + '_>, StoreError>;

    /// How often a transaction that met another one is begun again.
    fn retries_max(&self) -> u32;

    /// Cleans up after a large change.
    fn tidy(&self) -> Result<(), StoreError>;
}

/// A transaction. Dropped without [`Session::commit`] it leaves no trace.
pub(super) trait Session {
    /// Whose words it takes.
    fn dialect(&self) -> Dialect;

    /// Runs a statement and says how many rows it touched.
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError>;

    /// Runs a statement and hands its rows out, until `take` says that it has
    /// enough. A statement that is left early has done its work all the same
    /// only where it changes nothing.
    fn query(
        &self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&dyn Row) -> Result<Next, StoreError>,
    ) -> Result<(), StoreError>;

    /// Puts a block of rows into a table and gives, of each row that is new,
    /// its place in the block, where the block asks for that.
    fn insert(&self, block: &Block<'_>) -> Result<Vec<usize>, StoreError>;

    /// Makes everything last. When this returns the change is on the disk.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;

    /// Whether the transaction ended because another one was in its way, or
    /// because the line to the database broke: begun again, it may do.
    fn met_another(&self) -> bool;
}

/// Whether a query goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The next row is wanted.
    Go,
    /// No more rows are wanted.
    Stop,
}

/// A value of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    /// A number, or nothing.
    Int(Option<i64>),
    /// A text, or nothing.
    Text(Option<&'a str>),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Int(Some(i64::from(number)))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<Option<u32>> for Value<'_> {
    fn from(number: Option<u32>) -> Self {
        Self::Int(number.map(i64::from))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

/// A row that a query gave; columns are counted from 0.
pub(super) trait Row {
    /// A number, or nothing.
    fn int_or_none(&self, column: usize) -> Result<Option<i64>, StoreError>;

    /// A text, or nothing.
    fn text_or_none(&self, column: usize) -> Result<Option<String>, StoreError>;

    /// Bytes, or nothing.
    fn bytes_or_none(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError>;
}

impl dyn Row + '_ {
    /// A number.
    pub(super) fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.int_or_none(column)?.ok_or_else(|| nothing(column))
    }

    /// A number that is not negative.
    pub(super) fn count(&self, column: usize) -> Result<u64, StoreError> {
        super::unsigned(self.int(column)?)
    }

    /// A number of a lane, an epoch or a shift.
    pub(super) fn small(&self, column: usize) -> Result<u32, StoreError> {
        let number = self.int(column)?;
        u32::try_from(number).map_err(|_| StoreError::Row {
            table: "any table",
            reason: format!("{number} does not fit into 32 bits"),
        })
    }

    /// A text.
    pub(super) fn text(&self, column: usize) -> Result<String, StoreError> {
        self.text_or_none(column)?.ok_or_else(|| nothing(column))
    }

    /// Bytes.
    pub(super) fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        self.bytes_or_none(column)?.ok_or_else(|| nothing(column))
    }

    /// Exactly 32 bytes: a hash or a key.
    pub(super) fn bytes_32(&self, column: usize) -> Result<[u8; 32], StoreError> {
        let bytes = self.bytes(column)?;
        let length = bytes.len();
        bytes.try_into().map_err(|_| StoreError::Row {
            table: "any table",
            reason: format!("{length} bytes stand where 32 belong"),
        })
    }
}

fn nothing(column: usize) -> StoreError {
    StoreError::Row { table: "any table", reason: format!("column {column} has nothing") }
}

/// Where a block of rows goes.
#[derive(Debug)]
pub(super) struct Target {
    /// The table.
    pub table: &'static str,
    /// The columns that are the same in all rows of a block.
    pub same: &'static [&'static str],
    /// The other columns.
    pub columns: &'static [&'static str],
    /// What follows the rows: `ON CONFLICT ...`, or nothing.
    pub conflict: &'static str,
    /// The first of `columns` says which rows are new; it is unique in a
    /// block and a number. Asked for only with `ON CONFLICT DO NOTHING`.
    pub tells_new: bool,
}

/// Rows that go into one table, column by column.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// Where.
    pub target: &'static Target,
    /// The values of [`Target::same`].
    pub same: &'a [Value<'a>],
    /// The values of [`Target::columns`], all of one length.
    pub columns: &'a [Column<'a>],
}

impl Block<'_> {
    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }
}

/// The values of one column of a block.
#[derive(Debug)]
pub(super) enum Column<'a> {
    /// Numbers.
    Ints(Vec<i64>),
    /// Texts.
    Texts(Vec<&'a str>),
    /// Bytes.
    Bytes(Vec<&'a [u8]>),
}

impl Column<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Ints(values) => values.len(),
            Self::Texts(values) => values.len(),
            Self::Bytes(values) => values.len(),
        }
    }

    /// The value in one row.
    pub(super) fn at(&self, row: usize) -> Option<Value<'_>> {
        match self {
            Self::Ints(values) => values.get(row).map(|value| Value::Int(Some(*value))),
            Self::Texts(values) => values.get(row).map(|value| Value::Text(Some(value))),
            Self::Bytes(values) => values.get(row).map(|value| Value::Bytes(value)),
        }
    }
}

//! What a face may say: the closed list of fields, and the texts that one product has for them.

use thiserror::Error;

/// The longest text of a field, characters.
pub const VALUE_CHARACTERS_MAX: usize = 256;

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A field that templates name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $($(#[$doc])* $variant,)*
        }

        impl Field {
            /// Every field, in the order of `docs/labels.md`.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in a template.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

fields! {
    /// What the product is called.
    Name = "name",
    /// Its size, grade or kind, such as `950ml`.
    Spec = "spec",
    /// Where it comes from.
    Origin = "origin",
    /// Its grade.
    Grade = "grade",
    /// What one price buys, such as `瓶` or `kg`.
    Unit = "unit",
    /// The sign before a price.
    Currency = "currency",
    /// What it costs, formatted.
    Price = "price",
    /// What it costs members.
    MemberPrice = "member_price",
    /// What it cost before; only a price that may lawfully be struck.
    WasPrice = "was_price",
    /// What the struck price is, such as `7 日最低价`.
    WasBasis = "was_basis",
    /// What a round quantity costs, such as `1.99元/100ml`.
    UnitPrice = "unit_price",
    /// What is promised, such as `第二件半价`.
    Promo = "promo",
    /// When the promise holds.
    Valid = "valid",
    /// Its EAN-13, EAN-8 or UPC-A.
    Ean = "ean",
    /// The shop's own number of it.
    Sku = "sku",
    /// What a QR code says.
    Link = "link",
    /// How the stock is: a word of the shop's.
    Stock = "stock",
    /// When it is expected again.
    Restock = "restock",
    /// Where it stands.
    Place = "place",
    /// When the face was made.
    Stamp = "stamp",
    /// The label's own number.
    Label = "label",
    /// Of several products on one label, the first with its price.
    Line1 = "line1",
    /// The second.
    Line2 = "line2",
    /// The third.
    Line3 = "line3",
    /// The fourth.
    Line4 = "line4",
    /// The fifth.
    Line5 = "line5",
    /// The sixth.
    Line6 = "line6",
}

impl Field {
    /// The field of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }
}

/// A text that no label could show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the text of {} has {characters} characters, at most {VALUE_CHARACTERS_MAX} are taken; shorten it", field.name())]
pub struct ValueTooLong {
    /// Of which field.
    pub field: Field,
    /// How long it is.
    pub characters: usize,
}

/// The texts of one product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Values {
    texts: [Option<Box<str>>; Field::ALL.len()],
}

impl Values {
    /// Sets a text; white space around it goes, and a text of nothing is none. Control characters become spaces.
    ///
    /// # Errors
    /// It is longer than [`VALUE_CHARACTERS_MAX`].
    pub fn set(&mut self, field: Field, text: &str) -> Result<(), ValueTooLong> {
        let text = text.trim();
        let characters = text.chars().count();
        if characters > VALUE_CHARACTERS_MAX {
            return Err(ValueTooLong { field, characters });
        }
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.texts[field as usize] = (!clean.is_empty()).then(|| clean.into());
        Ok(())
    }

    /// Texts by the names of their fields. A name that is no field's is left
    /// out, and what is too long is cut: its field says so on the label.
    pub fn of<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut values = Self::default();
        for (name, text) in texts {
            if let Some(field) = Field::named(name) {
                let short: String = text.chars().take(VALUE_CHARACTERS_MAX).collect();
                // It is short now.
                let _ = values.set(field, &short);
            }
        }
        values
    }

    /// The text of a field, which is never empty.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.texts[field as usize].as_deref()
    }
}

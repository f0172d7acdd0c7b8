//! Receipt printers: what paper should say ([`Document`]), how a model prints it ([`Profile`], [`escpos`]), and the
//! thread that brings it there exactly once ([`Printer`]). What the words on the paper mean is for others.

mod barcode;
mod charset;
mod connection;
mod device;
mod document;
pub mod escpos;
mod layout;
mod picture;
mod profile;
mod reply;
mod symbol;
mod typeface;

pub use charset::{REPLACEMENT, columns_of, normalise};
pub use device::{
    BAUD_DEFAULT, DRAWER_QUEUE_MAX, JOB_QUEUE_MAX, Job, Outcome, Printer, PrinterConfig, PrinterEvent,
    QueueFull, Rejection,
};
pub use document::{Align, Cell, Document, Row, Size, Width};
pub use layout::{Line, lay_out, lay_out_with};
pub use picture::{ParsePictureError, Picture};
pub use profile::{
    COLUMNS_MAX, COLUMNS_MIN, Charset, ColumnsError, DrawerPulse, ParseProfileError, Profile, StatusSupport,
};
pub use symbol::qr_squares;
pub use typeface::{FONT_BYTES_MAX, Typeface};

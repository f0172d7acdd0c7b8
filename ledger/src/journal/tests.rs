//! A journal under its own rules, on a real file.

//! The reference as agent and lane see it, on a real file.

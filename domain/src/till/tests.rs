//! A day at one lane.

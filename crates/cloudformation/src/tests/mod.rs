//! Stacks in a world whose other services are stand-ins.

mod custom;
mod handlers;
mod nested;
mod review;
mod world;

//! What we know about ECE, Microsoft and Webex: checks, causes and dated tables, read from `checks/`.

pub mod tables;

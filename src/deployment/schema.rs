//! The JSON Schema of the site file.

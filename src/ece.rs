//! What ECE is: its releases and packages, the table of its levels, the form of its external URL. Pure; touches no
//! network and no file.

pub mod external_url;
pub mod levels;
pub mod release;

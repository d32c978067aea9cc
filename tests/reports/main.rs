//! One golden report in every format.

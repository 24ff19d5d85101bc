//! Images made by hand, for what `makefs` cannot make.

//! Contents of files against plain vectors of bytes, on every layout; and what the disk looks like
//! afterwards, counted by a walk that knows nothing of how it came about.

mod attributes;
mod bounds;
mod census;
mod crashes;
mod failing;
mod hostile;
mod lent;
mod model;
mod sparse;
mod world;

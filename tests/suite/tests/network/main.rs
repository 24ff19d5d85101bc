//! A service that is a network host of its own, and the real Linux stack: on taps, where this
//! machine's kernel is the neighbour. What crossed the link is judged by tshark.

mod datagrams;
mod taps;
mod verdict;

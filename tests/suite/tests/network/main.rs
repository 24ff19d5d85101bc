//! A service that is a network host of its own, and the real Linux stack: on taps, where this
//! machine's kernel is the neighbour, and on unix sockets, where a guest's is. What crossed the
//! link is judged by tshark.

mod addresses;
mod datagrams;
mod found;
mod gone;
mod restart;
mod taps;
mod traces;
mod unix;
mod verdict;

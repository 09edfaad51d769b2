//! Git for a store that is a work tree: add and commit the paths touched, after a write, under the store's lock.
//! Never called on a read.

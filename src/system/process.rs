//! Child processes with a time limit, and what this process does to itself before it holds a secret.

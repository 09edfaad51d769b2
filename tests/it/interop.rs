//! One store, many programs: regpass, the official helpers, pass and gopass write, read, list and erase in turn, and
//! must agree. What a single program does with odd input is not here (hostile.rs, the helper's cases).

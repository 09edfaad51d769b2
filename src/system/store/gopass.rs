//! Where gopass says the stores are: `mounts.path` and mounts in its configuration (git-config format). Reads only that.

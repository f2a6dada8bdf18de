"""feeds.toml: what its tables may hold, how it is read, and what is said about mistakes in it."""

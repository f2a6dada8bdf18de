"""A document of any kind to a ParsedFeed: one folder for each kind, `documents` chooses among them."""

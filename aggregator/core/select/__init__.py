"""From configuration and stored entries to editions: which outputs there are and what each of them carries."""

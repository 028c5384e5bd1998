"""SEARCH: which devices and users hold a piece of text? With an index of trigrams, where PostgreSQL has one."""

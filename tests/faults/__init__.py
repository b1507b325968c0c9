"""Faults and hostile input: what was tried is told in docs/reliability.md."""

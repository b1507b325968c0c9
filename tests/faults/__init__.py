"""Faults and hostile input; docs/reliability.md lists what is tested."""

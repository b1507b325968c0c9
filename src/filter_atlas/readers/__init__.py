"""Readers of files from unknown authors.

They never execute anything in a file, and never follow a pointer out of it.
"""

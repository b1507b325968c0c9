"""`config.yaml` as typed, frozen values: a module for each section, with all defaults and limits.

Reading settings has no side effects: no file is opened and no process is started.
"""

"""From settings to the jobs of a run: preflight, plan, and the environment of the jobs.

`preflight` looks up everything outside the settings, once in each run; `plan` is a value, from
which the rules get everything that differs from job to job.
"""

#!/usr/bin/env bash
# Print the state of a Slurm job in Snakemake's words: running, success or failed.
# squeue knows a job for MinJobAge seconds after its end (by default 300). sacct knows it for ever, if
# there is an accounting database.
state=$(squeue --noheader --states=all --jobs="$1" --format=%T 2>/dev/null | head -1)
[ -n "$state" ] || state=$(sacct --noheader --allocations --jobs="$1" --format=State 2>/dev/null | head -1)
case $state in
    COMPLETED*) echo success ;;
    PENDING* | CONFIGURING* | RUNNING* | COMPLETING* | SUSPENDED* | REQUEUE* | RESIZING* | SIGNALING* | STAGE_OUT* | PREEMPTED* | NODE_FAIL*) echo running ;;
    *) echo failed ;;
esac

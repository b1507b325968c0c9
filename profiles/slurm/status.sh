#!/usr/bin/env bash
# Say how a Slurm job is doing, in Snakemake's words: running, success or failed.
# squeue knows a job for MinJobAge seconds after its end (300, if not set otherwise); sacct, where
# there is an accounting database, for good.
state=$(squeue --noheader --states=all --jobs="$1" --format=%T 2>/dev/null | head -1)
[ -n "$state" ] || state=$(sacct --noheader --allocations --jobs="$1" --format=State 2>/dev/null | head -1)
case $state in
    COMPLETED*) echo success ;;
    PENDING* | CONFIGURING* | RUNNING* | COMPLETING* | SUSPENDED* | REQUEUE* | RESIZING* | SIGNALING* | STAGE_OUT* | PREEMPTED* | NODE_FAIL*) echo running ;;
    *) echo failed ;;
esac

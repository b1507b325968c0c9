"""Which failed jobs get another attempt: those that an attempt can help.

The number of attempts is Snakemake's setting `retries`, from the profile or the command line.
Snakemake has no way to say that an error is permanent.
"""

from typing import Any

from filter_atlas.base.job_log import read_failure


def give_up_permanent_errors(workflow: Any) -> None:
    """Have Snakemake give up a job whose log tells of an error that another attempt cannot mend.

    Args:
        workflow: Snakemake's workflow, before its first job (`onstart`).
    """
    scheduler = workflow.scheduler
    for executor in filter(None, (scheduler._executor, scheduler._local_executor)):
        executor.handle_job_error = _after(executor.handle_job_error)


def _after(handle_job_error: Any) -> Any:
    # Snakemake (9.27) calls this method right before it compares the attempts of a failed job with
    # their greatest number.
    def handle(job: Any) -> None:
        handle_job_error(job)
        members = job.jobs if job.is_group() else [job]
        if any(read_failure(member.log).is_permanent for member in members):
            job.attempt = job.restart_times + 1

    return handle

"""Work that outlives a request: a backend of Django's Tasks API that keeps jobs in the database.

What it promises, and what tasks have to bear, stands in docs/architecture/jobs.md.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from traceback import format_exception
from typing import Any
from uuid import UUID

from django.tasks import Task, TaskResult, TaskResultStatus
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.base import TaskError
from django.tasks.exceptions import TaskResultDoesNotExist
from django.utils import timezone
from django.utils.json import normalize_json
from django.utils.module_loading import import_string

from config.text import one_line
from rooms.models import Job

type AnyTask = Task[Any, Any]
type AnyResult = TaskResult[Any, Any]

logger = logging.getLogger(__name__)

RENEWED_EACH = Job.LEASE.total_seconds() / 6
LONGEST_PAUSE = 0.1
WAIT = timedelta(seconds=30)  # after a failure; then four times, nine times as long


class Stopped(BaseException):
    """The process ends, or somebody else works on the job by now. Tasks let it pass."""


class Unknown(Exception):
    """No task has that name here: a job of a release that serves beside this one, or did."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a task gets as `context`. It calls `step` after each step, none of which takes many seconds."""

    attempt: int  # from 1
    step: Callable[[], None]


class DatabaseBackend(BaseTaskBackend):
    supports_defer = True
    supports_get_result = True

    def enqueue(self, task: AnyTask, args: Any, kwargs: Any) -> AnyResult:
        """Note the job, in the transaction of what needs it: with that it comes, or does not."""
        self.validate_task(task)
        job = Job.objects.create(
            task=task.module_path,
            arguments=normalize_json({"args": list(args), "kwargs": kwargs}),
            due_at=task.run_after or timezone.now(),
        )
        return result_of(job, task)

    def get_result(self, result_id: str) -> AnyResult:
        job = Job.objects.filter(pk=result_id).first()
        if job is None:
            raise TaskResultDoesNotExist(result_id)
        return result_of(job, task_of(job))


def task_of(job: Job) -> AnyTask:
    try:
        found = import_string(job.task)
    except ImportError:
        raise Unknown(job.task) from None
    if not isinstance(found, Task):
        raise Unknown(job.task)
    return found


def result_of(job: Job, task: AnyTask) -> AnyResult:
    error = TaskError(exception_class_path=job.error_class, traceback=job.error)
    result: AnyResult = TaskResult(
        task=task,
        id=str(job.pk),
        status=TaskResultStatus(job.status),
        enqueued_at=job.enqueued_at,
        started_at=job.attempted_at,
        last_attempted_at=job.attempted_at,
        finished_at=job.finished_at,
        args=job.arguments["args"],
        kwargs=job.arguments["kwargs"],
        backend=task.backend,
        errors=[error] if job.error_class else [],
        worker_ids=["?"] * job.attempts,
    )
    object.__setattr__(result, "_return_value", job.result)  # as Django's own backends do
    return result


def work_off(worker: UUID, is_stopping: Callable[[], bool]) -> bool:
    """Do the job that is due for longest; return whether there was one."""
    if is_stopping() or not (job := Job.objects.claim(worker)):
        return False
    try:
        _do(job, worker, is_stopping)
    except Stopped:
        job.leave(worker, status=TaskResultStatus.READY, due_at=timezone.now(), attempts=job.attempts - 1)
    except Exception as error:
        _note_failure(job, worker, error)
    return True


def _do(job: Job, worker: UUID, is_stopping: Callable[[], bool]) -> None:
    if job.attempts > job.ATTEMPTS:  # those before were killed
        raise RuntimeError("Each attempt was interrupted.")
    task = task_of(job)
    arguments, named = job.arguments["args"], job.arguments["kwargs"]
    if task.takes_context:
        context = Context(job.attempts, _steps(job, worker, is_stopping))
        arguments = [context, *arguments]
    result = task.call(*arguments, **named)
    job.end(worker, TaskResultStatus.SUCCESSFUL, result=normalize_json(result), error_class="", error="")


def _steps(job: Job, worker: UUID, is_stopping: Callable[[], bool]) -> Callable[[], None]:
    """Return what a task calls after each step. Pages get as much time as it has taken, up to a bound."""
    began = renewed = time.monotonic()

    def step() -> None:
        nonlocal began, renewed
        if is_stopping():
            raise Stopped
        if time.monotonic() - renewed > RENEWED_EACH:
            if not job.renew(worker):
                raise Stopped
            renewed = time.monotonic()
        time.sleep(min(time.monotonic() - began, LONGEST_PAUSE))
        began = time.monotonic()

    return step


def _note_failure(job: Job, worker: UUID, error: Exception) -> None:
    """Let it be tried again later, unless that was the last time."""
    told = {
        "error_class": f"{type(error).__module__}.{type(error).__qualname__}",
        "error": "".join(format_exception(error))[-Job.ERROR_MAX_LENGTH :],
    }
    if job.attempts < job.ATTEMPTS:
        later = timezone.now() + job.attempts**2 * WAIT
        job.leave(worker, status=TaskResultStatus.READY, due_at=later, **told)
        logger.warning("%s of %s failed and is tried again: %s", job, job.task, one_line(error))
    else:
        job.end(worker, TaskResultStatus.FAILED, **told)
        logger.error("%s of %s has failed: %s", job, job.task, one_line(error))

"""Work that outlives a request: what docs/architecture/jobs.md promises."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.tasks import TaskResultStatus, task
from django.tasks.exceptions import TaskResultDoesNotExist
from django.utils import timezone

from rooms import jobs
from rooms.live.process import jobs as in_process
from rooms.management.commands import work
from rooms.models import Job
from tests.support.clients import eventually
from tests.support.jobs import work_off

pytestmark = pytest.mark.django_db

done = []


@task
def note(text):
    done.append(text)
    return {"noted": text}


@task
def fail():
    raise ValueError("No luck")


@task(takes_context=True)
def in_steps(context, count):
    for number in range(count):
        done.append((context.attempt, number))
        context.step()


@pytest.fixture(autouse=True)
def nothing_done(quick_jobs):
    done.clear()


def test_what_was_enqueued_is_done_once_oldest_first():
    results = [note.enqueue(text) for text in ("one", "two")]
    assert [work_off(), work_off(), work_off()] == [True, True, False]
    assert done == ["one", "two"]
    found = note.get_result(results[0].id)
    assert (found.status, found.return_value, found.attempts) == (
        TaskResultStatus.SUCCESSFUL,
        {"noted": "one"},
        1,
    )
    with pytest.raises(TaskResultDoesNotExist):
        note.get_result("0")


def test_job_comes_with_its_transaction():
    with transaction.atomic():
        note.enqueue("never")
        transaction.set_rollback(True)
    assert not work_off()


def test_what_a_killed_process_has_left_is_begun_again(clock):
    in_steps.enqueue(2)
    assert Job.objects.claim(uuid.uuid4())
    assert not work_off(), "somebody is at it"
    clock.shift(Job.LEASE + timedelta(seconds=1))
    assert work_off()
    assert done == [(2, 0), (2, 1)]


def test_job_that_kills_each_time_is_given_up(clock, caplog):
    in_steps.enqueue(1)
    for _attempt in range(Job.ATTEMPTS):
        assert Job.objects.claim(uuid.uuid4())
        clock.shift(Job.LEASE + timedelta(seconds=1))
    assert work_off()
    assert (Job.objects.get().status, done) == (TaskResultStatus.FAILED, [])
    assert "has failed: " in caplog.text


def test_process_that_ends_puts_it_back_at_once():
    in_steps.enqueue(9)
    assert work_off(lambda: len(done) == 3)
    assert len(done) == 3
    job = Job.objects.get()
    assert (job.status, job.attempts, job.worker) == (TaskResultStatus.READY, 0, None)
    assert work_off()
    assert done[3:] == [(1, number) for number in range(9)]


def test_lease_is_renewed_and_whoever_has_lost_it_ends_and_notes_nothing(monkeypatch):
    monkeypatch.setattr(jobs, "RENEWED_EACH", 0.0)
    in_steps.enqueue(9)
    dues = []

    def look():
        dues.append(Job.objects.get().due_at)
        if len(dues) == 4:
            Job.objects.update(worker=uuid.uuid4())
        return False

    assert work_off(look)
    assert len(done) < 9
    assert dues[0] < dues[2] < dues[3]
    assert Job.objects.get().status == TaskResultStatus.RUNNING


def test_failure_is_tried_again_later_and_then_told(clock, caplog):
    failing = fail.enqueue()
    Job.objects.create(task="rooms.nowhere.gone", arguments={"args": [], "kwargs": {}})
    for attempt in range(1, Job.ATTEMPTS + 1):
        assert [work_off(), work_off(), work_off()] == [True, True, False]
        clock.shift(attempt**2 * jobs.WAIT)
    assert not work_off()
    assert set(Job.objects.values_list("status", flat=True)) == {TaskResultStatus.FAILED}
    [error] = fail.get_result(failing.id).errors
    assert error.exception_class is ValueError
    assert caplog.text.count("has failed: ValueError: No luck") == 1


def test_job_for_later_waits(clock):

    note.using(run_after=timezone.now() + timedelta(hours=1)).enqueue("later")
    assert not work_off()
    clock.shift(timedelta(hours=1))
    assert work_off()


def test_command_does_what_is_due_and_bears_a_database_that_is_away(monkeypatch, capsys):
    note.enqueue("one")
    call_command("work", "--once")
    assert done == ["one"]

    def fails(*_arguments):
        raise DatabaseError("It is away")

    monkeypatch.setattr(work.connections, "close_all", lambda: None)
    monkeypatch.setattr(jobs, "work_off", fails)
    call_command("work", "--once")
    assert "It is away" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
async def test_process_works_jobs_off_on_a_thread_of_its_own(monkeypatch):
    monkeypatch.setattr(in_process, "PERIOD", 0.01)
    await note.aenqueue("one")
    worker = in_process.Jobs()
    worker.start()
    await eventually(lambda: done == ["one"])
    worker.stop()
    await asyncio.wait_for(worker.close(), 5)

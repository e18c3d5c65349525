"""One function over the parts of a store: in this process, in workers of this machine, or on a Dask
cluster that somebody else runs. The one module that knows Dask; nothing of it is imported where
neither workers nor a scheduler are asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from registry.contract.errors import BadInput, SanketError, UsageError
from registry.machine.memory import give_back

if TYPE_CHECKING:
    from distributed import Client

Part = TypeVar("Part")
Result = TypeVar("Result")

SCHEDULER_VARIABLE = "SANKET_SCHEDULER"
SCHEMES = ("tcp://", "tls://")
MOST_WORKERS = 256
CONNECT_SECONDS = 10
AGAIN = 2
"""How often a part is tried again after an error of the machine (a lost connection, a full disk);
a part whose worker died is done again by Dask itself, which gives up after three deaths."""


@dataclass(frozen=True)
class Engine:
    """Where parts are worked on: `workers` processes of this machine, or the workers of a Dask
    `scheduler`; with neither, this process, one part after the other."""

    workers: int = 0
    scheduler: str | None = None
    _client: Client | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, workers: int | None, scheduler: str | None) -> Engine:
        """From a command's options; without `scheduler`, $SANKET_SCHEDULER. UsageError ENG001 for
        what is no number of workers or no address of a scheduler."""
        scheduler = scheduler or os.environ.get(SCHEDULER_VARIABLE) or None
        workers = workers_asked(workers)
        if scheduler is not None and not scheduler.startswith(SCHEMES):
            raise UsageError(
                "ENG001",
                f"--scheduler (or {SCHEDULER_VARIABLE}): an address as tcp://10.0.0.5:8786, not "
                f"{scheduler!r}",
            )
        if workers is not None and scheduler is not None:
            raise UsageError(
                "ENG001", "--workers are of this machine: leave them away with a scheduler"
            )
        return cls(0 if workers in (None, 1) else workers or 0, scheduler)

    @property
    def here(self) -> bool:
        """Whether all is done in this process."""
        return not self.workers and self.scheduler is None

    @contextmanager
    def started(self, task: Callable[..., Any], parts: int) -> Iterator[Engine]:
        """With workers that are there already, and have the task's module imported, for so many
        parts at most: they need seconds for it, in which the caller may do something else in a
        thread. Raises as `each`."""
        if self._stays_here(parts):
            yield self
            return
        with ExitStack() as stack:
            yield replace(self, _client=_client(self, stack, parts, preload=task.__module__))

    def _stays_here(self, parts: int) -> bool:
        return self.here or (parts < 2 and self.scheduler is None)

    def each(
        self, task: Callable[[Part], Result], parts: Sequence[Part]
    ) -> Iterator[tuple[Part, Result]]:
        """Each part with what the task made of it, as they are ready.

        Parts and results are pickled where another process works; the task must be a function of a
        module. A part whose worker is killed is done again elsewhere. Raises the task's own error;
        BadInput ENG002 where the scheduler cannot be reached, ENG003 where it, or a part's workers
        again and again, were lost: what is done by then is kept by the tasks that keep it.
        """
        task = partial(_and_give_back, task) if len(parts) > 1 else task
        if self._client is None and self._stays_here(len(parts)):
            for part in parts:
                yield part, task(part)
            return
        with ExitStack() as stack:
            client = self._client or _client(self, stack, len(parts))
            yield from _on_cluster(client, task, parts)


def workers_asked(workers: int | None) -> int | None:
    """A number of workers as an option gives it. UsageError ENG001 for what is none."""
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise UsageError("ENG001", f"--workers: 1 to {MOST_WORKERS}, not {workers}")
    return workers


def _and_give_back(task: Callable[[Part], Result], part: Part) -> Result:
    """The task's result, with the memory that the part took given back to the system."""
    result = task(part)
    give_back()
    return result


def _client(engine: Engine, stack: ExitStack, parts: int, *, preload: str | None = None) -> Client:
    from distributed import Client, LocalCluster

    if engine.scheduler is None:
        # One thread each: SQLite, LightGBM and NumPy would only wait for one another.
        cluster = LocalCluster(
            n_workers=min(engine.workers, parts),
            threads_per_worker=1,
            dashboard_address=None,
            # Without a dashboard Dask still opens its page of metrics, for all hosts and on a port
            # that another command may have.
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs=50,
            preload=[preload] if preload else [],
        )
        local: Client = stack.enter_context(Client(stack.enter_context(cluster)))
        return local
    try:
        found: Client = stack.enter_context(Client(engine.scheduler, timeout=CONNECT_SECONDS))
    except (OSError, TimeoutError, ValueError) as error:
        raise BadInput(
            "ENG002",
            f"no Dask scheduler answers at {engine.scheduler} within {CONNECT_SECONDS} s "
            f"({type(error).__name__}): start one (`dask scheduler`), or check the address",
        ) from error
    return found


def _on_cluster(
    client: Client, task: Callable[[Part], Result], parts: Sequence[Part]
) -> Iterator[tuple[Part, Result]]:
    from concurrent.futures import CancelledError

    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    futures: dict[Any, Part] = {
        client.submit(task, part, pure=False, retries=AGAIN): part for part in parts
    }
    done = 0
    try:
        for future in as_completed(futures):
            result = future.result()
            done += 1
            yield futures[future], result
            future.release()
    except SanketError:
        raise
    except (CancelledError, KilledWorker, OSError) as error:
        raise BadInput(
            "ENG003",
            f"the workers or their scheduler were lost ({type(error).__name__}) after {done} of "
            f"{len(parts)} parts: see their logs (memory?), then give the command again",
        ) from error
    finally:
        client.cancel(list(futures), force=True)


IN_THIS_PROCESS = Engine()
"""Without workers and without a scheduler."""

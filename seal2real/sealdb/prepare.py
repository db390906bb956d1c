"""The process that workers are forked from, started while its parent still imports and checks."""

from __future__ import annotations

from multiprocessing import forkserver

__all__ = ["prepare_workers"]

# What every worker runs, and what nearly every one draws with. The only threads that importing them
# starts are OpenBLAS's, which ends them before a fork.
_MODULES = ["seal2real.sealdb.workers", "seal2real.synthesis.generate"]


def prepare_workers() -> None:
    """Start the process that workers are forked from, unless it runs; does not wait for it.

    It imports what they need, once for all of them, and ends with this process. Workers have the
    environment and the user of the moment this is first called.
    """
    forkserver.set_forkserver_preload(_MODULES)
    forkserver.ensure_running()

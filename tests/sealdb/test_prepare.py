"""The process that workers are forked from."""

from __future__ import annotations

import multiprocessing
import os

from seal2real.sealdb.prepare import prepare_workers
from tests.support.loaded_modules import report


def test_workers_find_what_they_need_imported() -> None:
    """Two processes of one parent, which is not this one; what draws and writes is there."""
    prepare_workers()
    context = multiprocessing.get_context("forkserver")
    parents = set()
    for _ in range(2):
        ours, theirs = context.Pipe()
        process = context.Process(target=report, args=(theirs,))
        process.start()
        parent, modules = ours.recv()
        process.join()
        parents.add(parent)
        assert {"seal2real.sealdb.sidecar", "seal2real.synthesis.compose"} <= set(modules)
    assert len(parents) == 1
    assert os.getpid() not in parents

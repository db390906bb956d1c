"""Bases from the hub: fetched, resumed, and what is said without a network.

The hub is a server on this machine; the client is huggingface_hub's own, in a process of its own
because it reads its settings once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.bases import write_base
from tests.support.hub_server import REPO, serve

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens
CUT = "unet/diffusion_pytorch_model.safetensors"
FETCH = """
import sys
from seal2real.diffusion.hub import download_base
try:
    print(download_base(sys.argv[1], local_files_only=len(sys.argv) > 2))
except (OSError, ValueError) as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_base(tmp_path_factory.mktemp("hub") / "repo")
    (made / "v1-5-pruned.ckpt").write_bytes(b"a pickle that nobody needs")
    return made


def fetch(home: Path, url: str, *args: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_XET": "1",
    }
    return subprocess.run(
        [sys.executable, "-c", FETCH, *args],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_fetches_what_a_base_needs_and_then_needs_no_network(folder: Path, tmp_path: Path) -> None:
    with serve(folder) as hub:
        found = fetch(tmp_path, hub.url, REPO)
        assert found.returncode == 0, found.stderr
        got = {
            path.relative_to(found.stdout.strip()).as_posix()
            for path in Path(found.stdout.strip()).rglob("*")
            if path.is_file()
        }
        assert got == set(hub.files()) - {"v1-5-pruned.ckpt"}
    again = fetch(tmp_path, NOWHERE, REPO)
    assert (again.returncode, again.stdout) == (0, found.stdout)


def test_an_interrupted_download_says_so_and_goes_on(folder: Path, tmp_path: Path) -> None:
    with serve(folder, cut=CUT) as hub:
        broken = fetch(tmp_path, hub.url, REPO)
    assert broken.returncode == 1
    assert "OSError: load_base: somebody/small-diffusion must be on this machine" in broken.stderr
    assert "without sending complete message body" in broken.stderr
    assert "run the command again to go on" in broken.stderr
    offline = fetch(tmp_path, NOWHERE, REPO, "local")
    assert offline.returncode == 1
    assert CUT in offline.stderr
    with serve(folder) as hub:
        whole = fetch(tmp_path, hub.url, REPO)
        assert whole.returncode == 0, whole.stderr
        assert not [line for line in hub.asked if line.startswith("GET") and "/vae/" in line]


def test_without_a_network_each_file_is_named(tmp_path: Path) -> None:
    found = fetch(tmp_path, NOWHERE, REPO)
    assert found.returncode == 1
    for name in (CUT, "vae/config.json", "text_encoder/model.safetensors", "tokenizer/vocab.json"):
        assert name in found.stderr
    assert f"https://huggingface.co/{REPO}/tree/main" in found.stderr


def test_an_unknown_repository(folder: Path, tmp_path: Path) -> None:
    with serve(folder) as hub:
        found = fetch(tmp_path, hub.url, "nobody/nothing")
    assert found.returncode == 1
    assert "ValueError: load_base: name must be a folder or a hub repository" in found.stderr


def test_a_name_that_no_repository_can_have(tmp_path: Path) -> None:
    found = fetch(tmp_path, NOWHERE, "owner/na me")
    assert "ValueError: load_base: name must be a folder or a hub id" in found.stderr


def test_half_precision_is_fetched_where_there_is_nothing_else(tmp_path: Path) -> None:
    made = write_base(tmp_path / "half", variant="fp16")
    with serve(made) as hub:
        found = fetch(tmp_path / "home", hub.url, REPO)
    assert found.returncode == 0, found.stderr
    assert list(Path(found.stdout.strip()).glob("unet/*.fp16.safetensors"))

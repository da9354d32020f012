"""The same seed gives the same bytes, whatever Python's own chance says."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sandbox import Sandbox
from tests.sandbox.asking import CATALOG_TYPES, CHANGES, COUNTS, SEARCH

ROOT = Path(__file__).resolve().parents[2]


def fingerprint(seed: int) -> str:
    """A hash over every endpoint's answers, before and after a day; and what the day touched."""
    digest = hashlib.sha256()
    with Sandbox(seed) as sandbox, httpx.Client() as client:
        square, s2 = sandbox.base_url("square"), sandbox.base_url("ventmere_s2")
        bearer = {"Authorization": f"Bearer {sandbox.settings('square')['access_token']}"}
        for _ in range(2):
            login = client.post(f"{s2}/login", json=sandbox.apis["ventmere_s2"].credentials)
            s2_bearer = {"Authorization": f"Bearer {login.json()['accessToken']}"}
            answers = [login]
            for path in (COUNTS, CHANGES, SEARCH):
                first = client.post(f"{square}{path}", json={"limit": 50}, headers=bearer)
                answers.append(first)
                if "cursor" in first.json():
                    body = {"limit": 50, "cursor": first.json()["cursor"]}
                    answers.append(client.post(f"{square}{path}", json=body, headers=bearer))
            types = ",".join(CATALOG_TYPES)
            answers.append(client.get(f"{square}/v2/catalog/list", params={"types": types}, headers=bearer))
            answers.append(client.get(f"{square}/v2/locations", headers=bearer))
            answers += [
                client.get(f"{s2}{p}", headers=s2_bearer) for p in ("/inventory/overview", "/product")
            ]
            for answer in answers:
                assert answer.status_code == 200
                digest.update(answer.headers["date"].encode() + answer.content)
            day = sandbox.simulate_day()
            touched = [(n, sorted(keys)) for room in day.values() for n, keys in room.items()]
            digest.update(repr(touched).encode())
            digest.update(repr(sandbox.change(4)).encode())
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert fingerprint(7) == fingerprint(7) != fingerprint(8)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_pythons_hash_seed_makes_no_difference(hash_seed: str) -> None:
    code = "from tests.sandbox.test_determinism import fingerprint; print(fingerprint(7))"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == fingerprint(7)

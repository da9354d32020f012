"""A checkout works on any machine: nothing in it names where somebody's packages or folders are."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Spelt in pieces, because this file is looked at too.
REGISTRY = re.compile(
    r"\b(?:(?:test\.)?pypi|(?:files\.)?pythonhosted|crates|npmjs|yarnpkg|rubygems|conda|anaconda)"
    r"\.(?:org|io|com)\b|\bproxy\.golang\b|\bregistry\.npm",
    re.IGNORECASE,
)
MACHINE = re.compile(r"(?<![\w.:~/}>)-])/(?:root|work|opt|tmp|mnt|home/[\w-]+|Users/[\w-]+)/\w|\b[A-Z]:\\\w")


def faults(name, text):
    """Where a file names a registry or a machine, as `file:line: words`."""
    here = {str(ROOT)} if len(ROOT.parts) > 2 else set()
    for number, line in enumerate(text.splitlines(), 1):
        if found := REGISTRY.search(line):
            yield f"{name}:{number}: {found[0]} is a package registry; leave that to pip's settings"
        if found := MACHINE.search(line):
            yield f"{name}:{number}: {found[0]}... is a path of one machine; write a relative one"
        if any(path in line for path in here):
            yield f"{name}:{number}: names this checkout's folder; write it relative to the checkout"


def tracked_files():
    """What git has, and what it would take."""
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_package_registry_or_a_path_of_one_machine():
    files = tracked_files()
    assert ROOT / "pyproject.toml" in files
    found = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # pictures and the like
        found += faults(path.relative_to(ROOT), text)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "pieces",
    [
        ["https://py", "pi.org/simple"],
        ["files.python", "hosted.org"],
        ["https://registry", ".npm", "js.org"],
        ["see /ro", "ot/notes.md"],
        ['path = "/wo', 'rk/main"'],
        ["/ho", "me/anna/stock"],
        ["C:", "\\stock"],
        [str(ROOT), "/x"],
    ],
)
def test_such_words_are_noticed(pieces):
    assert list(faults("file", "".join(pieces)))


@pytest.mark.parametrize(
    "words", ["/v2/catalog/list", "docs/work/x.md", "/data/published", "https://x.test/opt/y"]
)
def test_other_words_are_not(words):
    assert not list(faults("file", words))


OLD_NAMES = re.compile(
    r"\b(?:held_back|held_keys|held_rows|doubts?|blind_windows|has_moved|begun_at|StrangerError|[Tt]ally"
    r"|greet(?:ing)?|is_wall|until_wall|dead_end|holds_back|comes_with|brought_along|listed_by|make_ledger|settle"
    r"|class (?:Ask|How|Outcome|Doubts)\b|asked: Ask|reading(?:=| == )\"(?:window|ledger|whole)\")"
)
"""Names of ours for what the field has words for; what each is called now stands in docs/glossary.md."""
OLD_WORDS = re.compile(
    r"(?<![a-z])(?:held_back|held_keys|held_rows|doubts?|blind_windows|has_moved|begun_at|strangererror|tally"
    r"|greet(?:ing)?|is_wall|until_wall|dead_end|holds_back|brought_along|listed_by|ledger|settle"
    r"|class (?:ask|how|outcome))(?![a-z])",
    re.IGNORECASE,
)
"""Those that mean nothing else anywhere, also as parts of longer names."""


def old_ones(names, paths):
    return [
        f"{path.relative_to(ROOT)}:{number}: {old[0]}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (old := names.search(line))
    ]


@pytest.mark.parametrize("room", ["sources", "pipelines"])
def test_code_uses_the_fields_words(room):
    found = old_ones(OLD_NAMES, sorted((ROOT / room).rglob("*.py")))
    assert not found, "\n".join(found)


def test_every_room_uses_the_fields_words():
    texts = [path for path in tracked_files() if path.suffix in {".py", ".sql", ".yml", ".md", ".html"}]
    found = old_ones(OLD_WORDS, [p for p in texts if p.name != "CHANGELOG.md" and p != Path(__file__)])
    assert not found, "\n".join(found)

"""Copies of policy files in a state folder, by digest; they are never changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from stillwatch.errors import PolicyError
from stillwatch.response.language.policy_file import PolicyFile, policy_of
from stillwatch.response.language.rule import Rule
from stillwatch.response.language.source import MOST_BYTES, text_of
from stillwatch.run.durable import write_text
from stillwatch.small_file import read_small


def kept(folder: Path, file: PolicyFile) -> None:
    """Keep a copy of a file. Raises OSError."""
    path = _path(folder, file.digest)
    if not path.exists():
        write_text(path, file.text)


def policy_kept(folder: Path, digest: str) -> PolicyFile:
    """Return a file that was kept. Raises PolicyError where it is gone, was changed, or cannot be read by
    this version.
    """
    path = _path(folder, digest)
    do = "restore the folder from a copy, or add the file again"
    data = read_small(path, MOST_BYTES, what="kept policy file", error=PolicyError, do=do)
    if hashlib.sha256(data).hexdigest() != digest:
        raise PolicyError("the kept policy file was changed", where=str(path), do=do)
    return policy_of(text_of(data, str(path)), str(path))


def rule_of(file: PolicyFile, rule: str, version: str, where: str) -> Rule:
    """Return one version of a rule. Raises PolicyError where the file does not hold it, as where another
    version of Stillwatch counts it differently.
    """
    for one in file.rules:
        if (one.name, one.version) == (rule, version):
            return one
    raise PolicyError(
        f"the kept policy file has no rule {rule} of version {version}",
        where=where,
        do="add the policy file again, and promote the rule",
    )


def _path(folder: Path, digest: str) -> Path:
    return folder / "files" / f"{digest}.policy"

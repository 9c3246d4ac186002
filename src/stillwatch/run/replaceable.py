"""What --force may replace: a run, and nothing that somebody else put there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from stillwatch.errors import RunError
from stillwatch.run.about import describes_run, read_about
from stillwatch.run.layout import MARK, PAGE, files_of, is_leftover, is_table

CHOOSE = "choose another --out"


def place_of(out: Path) -> Path:
    """The whole path of a folder to write. Raises RunError where no run can stand there."""
    try:
        linked, whole = out.is_symlink(), out.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a circle of links, a null byte
        raise RunError(f"the path cannot be followed: {error}", where=str(out), do=CHOOSE) from error
    if linked:
        raise RunError(
            "a symbolic link stands there, and a run replaces no link",
            where=str(out),
            do=f"give the folder itself: {whole}",
        )
    if not whole.name:
        raise RunError("the root of the file system cannot be a run folder", where=str(out), do=CHOOSE)
    if whole.exists() and not whole.is_dir():
        raise RunError("a file stands there, so it is no run folder", where=str(out), do=CHOOSE)
    return whole


def refuse_strange(whole: Path, inputs: Iterable[Path]) -> None:
    """Raise RunError unless a folder is empty or a run, holds nothing else, and none of the inputs."""
    if not any(whole.iterdir()):
        return
    inside = sorted(str(path) for path in inputs if path.resolve().is_relative_to(whole))
    if inside:
        raise RunError(
            f"the run folder holds an input of this command{_more(inside)}, so it is not replaced",
            where=inside[0],
            do="move the input elsewhere, or choose another --out",
        )
    files = files_of(whole)
    about = read_about(whole / MARK) if MARK in files and not (whole / MARK).is_symlink() else {}
    if not describes_run(about):
        raise RunError(
            "what stands there is no run folder, so --force does not replace it",
            where=str(whole),
            do=CHOOSE,
        )
    strange = strangers(whole, about)
    if strange:
        raise RunError(
            f"the run folder holds a file that Stillwatch did not write{_more(strange)}, so it is not "
            "replaced",
            where=str(whole / strange[0]),
            do="move it elsewhere, or delete it",
        )


def refuse_inputs(folders: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raise RunError where an input lies in a folder that a killed run may have left, and that is removed."""
    given = [path.resolve() for path in inputs]
    for folder in folders:
        inside = sorted(str(path) for path in given if path.is_relative_to(folder))
        if inside:
            raise RunError(
                f"an input of this command{_more(inside)} lies where a run is written before it is whole",
                where=inside[0],
                do="move the input elsewhere, or choose another --out",
            )


def refuse_no_leftovers(aside: Path, whole: Path) -> None:
    """Raise RunError where the place of an unfinished run holds what no killed run left there."""
    if aside.is_symlink() or (aside.exists() and not aside.is_dir()):
        raise RunError("something stands where a run is written", where=str(aside), do="move it elsewhere")
    strange = [
        file
        for file in files_of(aside)
        if not (
            file.startswith("stage/")
            or file in (MARK, PAGE)
            or is_table(file)
            or is_leftover(file)
            or os.path.lexists(whole / file)  # a watch takes over what somebody put into the run
        )
    ]
    if strange:
        raise RunError(
            f"a file stands where a run is written{_more(strange)}, and no run left it there",
            where=str(aside / strange[0]),
            do="move it elsewhere, or delete it",
        )


def strangers(run: Path, about: dict[str, object]) -> list[str]:
    """Files in a run folder that are no part of a run: neither of this version's, nor in its manifest."""
    listed = about.get("manifest")
    known = (
        {row.get("file") for row in listed if isinstance(row, dict)} if isinstance(listed, list) else set()
    )
    return [
        file
        for file in files_of(run)
        if (run / file).is_symlink()
        or not (file in (MARK, PAGE) or file in known or is_table(file) or is_leftover(file))
    ]


def _more(files: list[str]) -> str:
    return f" ({len(files):,} of them)" if len(files) > 1 else ""

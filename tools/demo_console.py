"""Open the console over the demo: publish its run to a guard, try the shipped policy in shadow, make cases, serve.

python tools/demo_console.py DEMO [PORT]

DEMO: the folder of `make demo`, with its run. What this makes lies in DEMO/console, and what is there already
is kept: cases, users, the guard's journal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

BY = "demo"
WHY = "a look at the demo"
PORT = "8700"


def stillwatch(*words: str | Path) -> None:
    """Call the command; what it says is shown only where something went wrong."""
    subprocess.run(_command(words), check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def answer(*words: str | Path) -> list[dict[str, object]]:
    """Return what the command answers as JSON."""
    done = subprocess.run(
        _command((*words, "--json")), check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def prepare(run: Path, place: Path) -> tuple[Path, Path]:
    """Publish the run, try the policy in shadow and make cases; return the state and the file of cases."""
    place.mkdir(exist_ok=True)
    state, cases = place / "state", place / "CASES.db"
    print("The run is published to a guard, ...", flush=True)
    stillwatch("guard", "publish", run, "--to", state)
    stillwatch("policy", "add", "default", "--to", state, "--by", BY, "--reason", WHY)
    for rule in answer("policy", "list", "--to", state):
        if rule["stage"] == "draft":
            name = str(rule["rule"])
            stillwatch("policy", "promote", name, "shadow", "--to", state, "--by", BY, "--reason", WHY)
    print("... the policy is tried in shadow, and its campaigns become cases.", flush=True)
    stillwatch("case", "sync", run, "--db", cases, "--state", state)
    return state, cases


def told_of_users(cases: Path) -> str:
    """Return what somebody who comes back must know: who can sign in, and how to get in again."""
    users = answer("console", "user", "list", "--db", cases)
    names = [str(user["user"]) for user in users if user["signs_in_with"] and not user["disabled"]]
    if not names:
        return ""
    return (
        f"{', '.join(names)} can sign in already; the cases and users of before are kept. "
        f"For the end of a new link: `stillwatch console user reset {names[0]} --db {cases}`. "
        "`make clean` takes all of it away."
    )


def main(arguments: list[str]) -> None:
    """Prepare what is shown, say what to look at, and become the console."""
    demo, port = Path(arguments[0]), arguments[1] if len(arguments) > 1 else PORT
    run, place = demo / "run", demo / "console"
    if not run.is_dir():
        sys.exit(f"There is no run in {demo}: `make demo` makes it.")
    try:
        state, cases = prepare(run, place)
        said = told_of_users(cases)
    except subprocess.CalledProcessError as error:
        sys.exit(error.stdout.decode("utf-8", "replace"))
    if said:
        print(said)
    print(
        "Look at Review first: the gravest campaign is a case that waits for you; press j and k.", flush=True
    )
    print(f"The guard's state is {state}, the cases are {cases}; commands take them as --state and --db.")
    settings = place / "settings.toml"
    settings.write_text(f'[cases]\nappeal_url = "http://localhost:{port}/appeal/"\n', encoding="utf-8")
    served = ("serve", "--settings", settings, "--runs", run, "--state", state, "--db", cases, "--port", port)
    # The console takes this process over, so that Ctrl-C and SIGTERM reach it and nothing else.
    os.execv(sys.executable, _command(served))


def _command(words: tuple[str | Path, ...]) -> list[str]:
    return [sys.executable, "-m", "stillwatch", *map(str, words)]


if __name__ == "__main__":
    main(sys.argv[1:])

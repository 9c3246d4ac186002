"""Fixtures of every area. Each area keeps its own in a module with a name of its own, since mypy knows a module by its name alone."""

pytest_plugins = ["ingest_bench", "range_worlds", "sketch_requests", "small_world", "village", "village_planted"]

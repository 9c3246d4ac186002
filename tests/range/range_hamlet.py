"""The text of a small scenario with the provider's benign kinds and two campaigns."""

from __future__ import annotations

HEAD = """
[world]
start = 2026-03-02T00:00:00Z
end = 2026-03-08T00:00:00Z
launched = 2024-01-01T00:00:00Z

[[region]]
name = "here"
weight = 0.7
utc_offset = 1.0
phone = "+1"
languages = { en = 0.8, hi = 0.2 }

[[region]]
name = "there"
weight = 0.3
utc_offset = -6.0
phone = "+2"
languages = { en = 0.5, ja = 0.5 }

[[model]]
name = "wren-1"
weight = 1.0
released = 2025-01-01T00:00:00Z

[[model]]
name = "wren-2"
weight = 0.5
released = 2026-03-05T12:00:00Z
"""
POPULATIONS = """
[[population]]
kind = "ordinary"
accounts = 150
median = 4
sigma = 1.0
jobs = { chat = 0.7, code = 0.2, app = 0.1 }

[[population]]
kind = "carrier_nat"
accounts = 40
median = 3
sigma = 0.5
group_min = 15
group_max = 25
jobs = { chat = 1.0 }

[[population]]
kind = "office"
accounts = 30
median = 5
sigma = 0.5
group_min = 8
group_max = 15
jobs = { writing = 1.0 }

[[population]]
kind = "public_template"
accounts = 30
median = 5
sigma = 0.5
jobs = { public = 1.0 }

[[population]]
kind = "classroom"
accounts = 40
median = 5
sigma = 0.2
group_min = 20
group_max = 20
jobs = { exercise = 1.0 }

[[population]]
kind = "company"
accounts = 40
median = 6
sigma = 0.5
group_min = 10
group_max = 20
jobs = { company = 1.0 }

[[population]]
kind = "eval_harness"
accounts = 4
median = 60
sigma = 0.2
group_min = 2
group_max = 2
jobs = { bench_maths = 0.5, bench_choice = 0.5 }

[[population]]
kind = "reseller"
accounts = 3
median = 60
sigma = 0.2
group_min = 3
group_max = 3
end_users = 40
jobs = { resold = 0.7, chat = 0.3 }

[[population]]
kind = "coding_agent"
accounts = 6
median = 30
sigma = 0.5
jobs = { agent = 1.0 }

[[population]]
kind = "batch_classification"
accounts = 4
median = 50
sigma = 0.2
jobs = { classify = 0.5, extract = 0.5 }

[[population]]
kind = "permitted_distiller"
accounts = 3
median = 80
sigma = 0.1
organisation = "Kestrel Learning"
jobs = { student = 1.0 }

[[permit]]
name = "licence-1"
organisation = "Kestrel Learning"
models = ["wren-1"]
purpose = "a student of our own"
starts = 2026-01-01T00:00:00Z
expires = 2026-12-31T00:00:00Z
"""
CAMPAIGNS = """
[[campaign]]
name = "thistle"
accounts = 20
exchanges = 1_200
first_day = 1
days = 5
rhythm = "balanced"
windows = 4
cards = 3
banned = 0.1
rate_sigma = 0.1

[[campaign.pathway]]
share = 1.0
plan = "api"
agent = "AsyncOpenAI/Python 1.82.0"
runtime = "CPython 3.10.14"
system = "Linux x64"
jobs = { grading = 0.6, elicit = 0.4 }

[[campaign]]
name = "bramble"
accounts = 30
exchanges = 2_000
first_day = 0
days = 6
rhythm = "flat"
pivot = 0.5
pivot_hours = 12
banned = 0.0

[[campaign.pathway]]
share = 0.6
plan = "plus"
agent = "OpenAI/JS 4.104.0"
runtime = "node v20.16.0"
system = "Linux x64"
jobs = { orchestrate = 1.0 }

[[campaign.pathway]]
share = 0.4
plan = "free"
agent = "Go-http-client/2.0"
runtime = "go 1.23"
system = "Linux x64"
jobs = { tool_use = 1.0 }
late_day = 3
late_jobs = { trace = 1.0 }
"""
HAMLET = HEAD + POPULATIONS + CAMPAIGNS

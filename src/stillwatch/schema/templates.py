"""Tables that hold the templates that a group's accounts share."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import KEY, Column, Contract

TEMPLATES = Contract(
    "templates",
    "One template that a group's accounts share.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column(
            "part",
            pa.string(),
            "frame (a family of fingerprints), head, tail, system or tools.",
            required=True,
        ),
        Column("key", KEY, "Its key; of a frame, the smallest key of its shingles.", required=True),
        Column("accounts", pa.int64(), "Accounts of the group that used it.", required=True),
        Column("accounts_elsewhere", pa.int64(), "Accounts outside the group that used it.", required=True),
        Column("exchanges", pa.int64(), "Exchanges of the group that used it.", required=True),
        Column("share", pa.float64(), "Share of the group's exchanges with text.", required=True),
        Column("distinct_prompts", pa.int64(), "Distinct prompts of the group made with it.", required=True),
        Column(
            "length",
            pa.int32(),
            "Words of the frame: counted where its words are kept, else to be expected; null for other "
            "parts.",
        ),
        Column("length_least", pa.int32(), "Words that its fingerprints cover."),
        Column("length_most", pa.int32(), "Words at most, with some certainty."),
        Column(
            "slots",
            pa.int32(),
            "Places of varying length in it, before and after it included: counted where its words are "
            "kept, else as the sketches tell.",
        ),
        Column(
            "words",
            pa.string(),
            "Its words where the settings allow them and enough accounts share it; else null.",
        ),
    ),
)

TEMPLATE_KEYS = Contract(
    "template_keys",
    "One fingerprint of a frame that a group's accounts share: what a template is known by, here or at "
    "another provider with the same key.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("template", KEY, "The frame: key of table templates.", required=True),
        Column("kind", pa.string(), "shingle, head or tail.", required=True),
        Column("key", KEY, "The fingerprint, as exchanges carry it.", required=True),
        Column(
            "share",
            pa.float64(),
            "Share of the sampled exchanges made from the frame that hold it.",
            required=True,
        ),
        Column(
            "piece",
            pa.int32(),
            "The piece of the frame that it stands in, from 0; a slot lies between two pieces.",
            required=True,
        ),
        Column("place", pa.int32(), "The word of the piece at which it begins, from 0.", required=True),
    ),
)

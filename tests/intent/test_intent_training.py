"""Training: the same folder gives the same bytes, one person's words leave no trace in them, and what is
planted is learnt.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from intent_village import TELLING, labelled, write_rows

from stillwatch.errors import InputError
from stillwatch.sketch.intent import Intent, load_intent, save_intent
from stillwatch.sketch.intent.fit import SMALLEST_GROUPS, balance, design, folds
from stillwatch.sketch.intent.folder import read_folder
from stillwatch.sketch.intent.labels import LABELS
from stillwatch.sketch.intent.reading import buckets_of, features_of, logits_of, masked_of, sums_of, tags_of
from stillwatch.sketch.intent.train import train


def bytes_of(intent: Intent, folder: Path) -> dict[str, bytes]:
    save_intent(intent, folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Intent:
    return train(write_rows(tmp_path_factory.mktemp("intent"), labelled()))


def test_the_same_folder_and_seed_give_the_same_bytes(trained: Intent, tmp_path: Path) -> None:
    again = train(write_rows(tmp_path / "folder", labelled()))
    assert bytes_of(again, tmp_path / "b") == bytes_of(trained, tmp_path / "a")


def test_the_words_of_one_document_do_not_change_a_byte(trained: Intent, tmp_path: Path) -> None:
    other = train(write_rows(tmp_path / "folder", labelled(canary="qualvent")))
    assert bytes_of(other, tmp_path / "b") == bytes_of(trained, tmp_path / "a")


def test_nor_do_they_when_the_document_comes_a_hundred_times(tmp_path: Path) -> None:
    made = []
    for canary in ("zarthok", "qualvent"):
        rows = labelled(canary)
        copies = [{**rows[-1], "group": f"copy{i}"} for i in range(100)]
        made.append(
            bytes_of(train(write_rows(tmp_path / canary, [*rows, *copies])), tmp_path / f"model-{canary}")
        )
    assert made[0] == made[1]


def test_a_feature_needs_three_groups(tmp_path: Path) -> None:
    rows = labelled()
    for count, word in ((SMALLEST_GROUPS - 1, "uvinto"), (SMALLEST_GROUPS, "ploxen")):
        for i in range(count):
            rows[4 * i]["text"] += f" {word}"
    documents = read_folder(write_rows(tmp_path, rows))
    known = design(documents, ~documents.unsure).features
    assert features_of((masked_of("uvinto"),))[0] not in known
    assert features_of((masked_of("ploxen"),))[0] in known


def test_what_is_planted_is_learnt_and_the_rest_never_flagged(trained: Intent) -> None:
    for label, words in TELLING.items():
        logits = logits_of(
            sums_of((masked_of(" ".join(["kaban", *words, "lodor", "mifin"])),), trained.features),
            trained.scales,
        )
        learnt = [name for name in LABELS[:-1] if name in TELLING]
        assert max(learnt, key=lambda name: logits[LABELS.index(name)]) == label
        assert (logits[-1] > 0) == (label != "EVALUATION")
    for row in trained.card["labels"]:
        if row["label"] in TELLING:
            assert row["auroc"] > 0.99
        elif row["label"] != "HARVEST":
            assert row["logit"] > 10


def test_the_model_holds_hashes_of_what_it_knows_and_nothing_else(trained: Intent) -> None:
    assert trained.features.dtype.names == ("bucket", "tag", "weights")
    features = features_of((masked_of("zarthok"), masked_of("zarthok zarthok")))
    places = {(bucket, tag) for bucket, tag, _ in trained.features.tolist()}
    assert not places & set(zip(buckets_of(features).tolist(), tags_of(features).tolist(), strict=True))


def test_the_seed_only_moves_the_folds(trained: Intent, tmp_path: Path) -> None:
    other = train(write_rows(tmp_path, labelled()), seed=5)
    assert np.array_equal(other.features, trained.features)


def test_a_source_goes_out_whole_only_if_its_labels_have_another_one(tmp_path: Path) -> None:
    rows = [row for row in labelled() if row["labels"] != ["REASONING"] or row["source"] == "set0R"]
    documents = read_folder(write_rows(tmp_path, rows))
    fold = folds(documents, 4, 0)
    whole = {
        str(source): len(set(fold[documents.sources == source].tolist())) == 1
        for source in np.unique(documents.sources)
    }
    assert whole == {
        str(source): not str(source).endswith("R") and str(source)[-1].isalpha()
        for source in np.unique(documents.sources)
    }
    for group in np.unique(documents.groups):
        assert len(set(fold[documents.groups == group].tolist())) == 1


def test_balance_gives_each_side_its_weight_and_each_group_a_share(tmp_path: Path) -> None:
    documents = read_folder(write_rows(tmp_path, labelled()))
    positive = documents.labels[:, LABELS.index("GRADING")]
    weights = balance(documents, positive, ~documents.unsure)
    assert weights[positive].sum() == pytest.approx(1.0)
    assert weights[~positive].sum() == pytest.approx(3.0)
    assert (weights > 0).all()


def test_too_little_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too little to learn from"):
        train(write_rows(tmp_path, [row for row in labelled() if row["labels"]]))


def test_a_saved_model_is_read_back_as_it_was(trained: Intent, tmp_path: Path) -> None:
    save_intent(trained, tmp_path / "model")
    read = load_intent(tmp_path / "model")
    assert np.array_equal(read.features, trained.features)
    assert np.array_equal(read.scales, trained.scales)
    assert read.thresholds == pytest.approx(trained.thresholds, abs=1e-6)

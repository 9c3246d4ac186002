"""OASIS's own client on our server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from taxii_parts import ANN, MAIN, basic, ids, indicator, made, serving

from stillwatch.intel.taxii.moment import moment_text
from stillwatch.intel.taxii.server.settings import TaxiiSettings

v21 = pytest.importorskip("taxii2client.v21")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_taxii2_client_does_all_that_it_can(tmp_path: Path) -> None:
    objects = [indicator(f"a{number}") for number in range(5)]
    user, password = basic(ANN)
    settings = TaxiiSettings(description="A server for a test", contact="nobody")
    with made(tmp_path / "hub.db", MAIN) as database, serving(database, settings=settings) as url:
        server = v21.Server(f"{url}/taxii2/", user=user, password=password)
        assert (server.title, server.contact) == (settings.title, "nobody")
        assert server.default.url == f"{url}/info/"
        assert server.default.max_content_length == settings.envelope_bytes
        [collection] = server.default.collections
        assert (collection.id, collection.can_read, collection.can_write) == (MAIN.id, True, True)
        status = collection.add_objects({"objects": objects}, wait_for_completion=True)
        assert (status.status, status.success_count) == ("complete", 5)
        again = server.default.get_status(status.id)
        assert again.success_count == 5
        pages: list[dict[str, Any]] = list(v21.as_pages(collection.get_objects, per_request=2))
        assert [len(page["objects"]) for page in pages] == [2, 2, 1]
        assert ids([one for page in pages for one in page["objects"]]) == ids(objects)
        manifests = list(v21.as_pages(collection.get_manifest, per_request=2))
        assert ids([one for page in manifests for one in page["objects"]]) == ids(objects)
        assert collection.get_object(objects[0]["id"])["objects"] == [objects[0]]
        assert collection.object_versions(objects[0]["id"])["versions"] == [objects[0]["modified"]]
        added = manifests[0]["objects"][1]["date_added"]
        assert len(collection.get_objects(added_after=added)["objects"]) == 3
        assert collection.get_objects(added_after=moment_text(2**52)) == {}
        collection.delete_object(objects[0]["id"])
        assert len(collection.get_objects(type="indicator")["objects"]) == 4
        server.close()

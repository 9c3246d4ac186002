"""What each stage of a search does, one file a stage; `pipeline.search` knows their order."""

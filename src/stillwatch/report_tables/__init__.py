"""Groups, traces -> the tables that the report shows: evidence, links, timeline, marks, labels."""

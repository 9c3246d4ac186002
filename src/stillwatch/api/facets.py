"""What a facet of another package needs: `from stillwatch.api.facets import facet, marks`."""

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, declared, marks

__all__ = ["Table", "Tables", "declared", "facet", "marks"]

"""Whose the fields are that stand beside a line of another log: the shipper's, or the row's own."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
SHIPPER = frozenset(
    [
        "kubernetes",
        "docker",
        "ecs",
        "source_type",
        "container_name",
        "container_id",
        "__REALTIME_TIMESTAMP",
        "PRIORITY",
        "ingestionTime",
        "logStreamName",
        "_p",
        "logtag",
        "fluent_tag",
    ]
)
"""Fields that only a shipper writes."""
WORDS = frozenset(
    [
        "input",
        "inputs",
        "output",
        "outputs",
        "text",
        "query",
        "question",
        "instructions",
        "body",
        "request_body",
        "response_body",
        "requestBody",
        "responseBody",
    ]
)
"""Names of words."""
NAMES = frozenset(
    [
        "tenant",
        "tenant_id",
        "tenantId",
        "customer",
        "customer_id",
        "customerId",
        "org",
        "org_id",
        "orgId",
        "organization",
        "organization_id",
        "organizationId",
        "organisation",
        "organisation_id",
        "project",
        "project_id",
        "projectId",
        "team",
        "team_id",
        "teamId",
        "accountId",
        "userId",
        "apiKeyId",
        "key_id",
        "consumer",
        "virtual_key",
        "client_id",
        "caller",
        "owner",
        "username",
        "email",
    ]
)
"""Names of accounts that no shipper writes."""
NAMED = WORDS | NAMES
"""Names of accounts and of words. A row without a mark of a shipper that has one is a row of its own."""
ACCOUNTS = (NAMES | {"account", "account_id", "api_key", "api_key_id", "key", "user", "user_id"}) - {
    *("project", "project_id", "projectId", "team", "team_id", "teamId", "caller", "owner", "email"),
}
"""Names of accounts and of nothing else: a program's logger may tell its own project or team."""
SHIPPED = SHIPPER | frozenset(
    [
        "agent",
        "host",
        "hostname",
        "host_ip",
        "input",
        "log",
        "cloud",
        "container",
        "orchestrator",
        "event",
        "fileset",
        "service",
        "labels",
        "label",
        "tags",
        "tag",
        "fields",
        "stream",
        "beat",
        "prospector",
        "offset",
        "source",
        "type",
        "id",
        "process",
        "pid",
        "file",
        "filename",
        "path",
        "image",
        "pod",
        "pod_name",
        "namespace",
        "node",
        "app",
        "appname",
        "job",
        "instance",
        "cluster",
        "env",
        "environment",
        "facility",
        "severity",
        "level",
        "logger",
        "status",
        "version",
        "procid",
        "msgid",
        "attrs",
        "eventId",
        "logGroup",
        "logGroupName",
        "index",
        "sourcetype",
        "linecount",
        "splunk_server",
        "punct",
        "time",
        "timestamp",
        "Timestamp",
        "ts",
        "date",
        "eventTime",
        "TimeGenerated",
        "TenantId",
        "Computer",
        "ContainerId",
        "ContainerName",
        "PodName",
        "PodNamespace",
        "LogSource",
        "LogLevel",
        "LogEntrySource",
        "KubernetesMetadata",
        "SourceSystem",
        "Type",
        "Image",
        "Name",
    ]
)
"""Fields that shippers write beside a line, and a time."""


def shipped(row: Row) -> bool:
    """Return whether a row has a mark of a shipper. A client's agent is text; a shipper's is an object."""
    return not SHIPPER.isdisjoint(row) or isinstance(row.get("agent"), dict)


def own_fields(row: Row, line: str) -> Row:
    """Return the fields beside a line that no shipper writes: they are the row's own.

    line: the field that holds the line. Names of journald are in capitals, those of Splunk, CloudWatch and
    Elasticsearch begin with a mark.
    """
    return {
        name: value
        for name, value in row.items()
        if name != line and name not in SHIPPED and name[:1] not in ("_", "@") and not name.isupper()
    }

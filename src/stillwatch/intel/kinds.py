"""The kinds of indicators that are shared."""

from __future__ import annotations

from enum import StrEnum


class IndicatorKind(StrEnum):
    """What an indicator is about. A token of one kind never matches one of another."""

    ASN = "asn"
    """Number of an autonomous system."""
    NETWORK_PREFIX = "network_prefix"
    """A network: /24 of IPv4, /48 of IPv6."""
    ADDRESS = "address"
    """An address: IPv4, or the /64 of IPv6."""
    MAIL_DOMAIN = "mail_domain"
    """Domain of the mail addresses that accounts are opened with."""
    RESELLER_DOMAIN = "reseller_domain"
    """Domain of a service that sells access."""
    TLS_FINGERPRINT = "tls_fingerprint"
    """How a client greets over TLS."""
    CLIENT_SHAPE = "client_shape"
    """Headers and library of a client, as a shape."""
    PAYMENT = "payment"
    """A payment provider's fingerprint of a card or an account."""
    PHONE = "phone"
    """A telephone number."""
    EMAIL = "email"
    """A mail address."""
    TEMPLATE = "template"
    """A keyed sketch of a template that the operator wrote."""
    SCHEDULE = "schedule"
    """The shape of the hours of work."""


OF_CUSTOMERS = frozenset(
    {IndicatorKind.ADDRESS, IndicatorKind.EMAIL, IndicatorKind.PHONE, IndicatorKind.PAYMENT}
)
"""Kinds whose values may belong to a customer and are few enough to be guessed: they leave as tokens only."""

"""The parts of a context that few callers send: a mobile client's own, and who signed in with Cognito."""

import json

_W3C_FIELDS = ("traceparent", "tracestate", "baggage")


class Client:
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")

    def __repr__(self):
        return _shown(self)


class ClientContext:
    __slots__ = ("custom", "env", "client")

    def __repr__(self):
        return _shown(self)


def client_context(text):
    """The client's context, and the fields of a W3C trace that came within it."""
    known = _parsed(text, "Client Context")
    traced = known.pop("w3c", None) if isinstance(known, dict) else None
    traced = traced if isinstance(traced, dict) else {}
    fields = {key: traced[key] for key in _W3C_FIELDS if isinstance(traced.get(key), str)}
    if known is None:
        return None, fields
    context = _filled(ClientContext(), known)
    if context.client is not None:
        context.client = _filled(Client(), context.client)
    return context, fields


def identify(identity, text):
    """Fills a Cognito identity."""
    known = _parsed(text, "Cognito Identity")
    if known is not None:
        identity.cognito_identity_id = known.get("cognitoIdentityId")
        identity.cognito_identity_pool_id = known.get("cognitoIdentityPoolId")


def _parsed(text, name):
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError("Unable to parse %s JSON: %s" % (name, error)) from None


def _filled(target, known):
    for name in target.__slots__:
        setattr(target, name, known.get(name))
    return target


def _shown(item):
    fields = ",".join("%s=%s" % (name, getattr(item, name)) for name in item.__slots__)
    return "%s([%s])" % (type(item).__name__, fields)

"""Errors, as they are logged and answered, and results that are more than plain JSON."""

import os
import sys
import time

# Stands for a decimal in a text under way; nobody outside can know it.
_MARK = os.urandom(16).hex()


def report(error, request_id, codec, bootstrap):
    """Logs an error and gives its JSON."""
    if isinstance(error, bootstrap.Fault):
        error_type, message, trace = error.error_type, error.message, error.trace
    else:
        error_type, message, trace = type(error).__name__, str(error), _trace(error, bootstrap.FOLDER)
    result = {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace}
    sink = bootstrap.logs().sink()
    if bootstrap.logs().IS_JSON:
        timestamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        sink.log_error([codec.dumps({"timestamp": timestamp, "level": "ERROR", **result})])
    else:
        sink.log_error(_lines(error_type, message, trace))
    return codec.dumps(result)


def _trace(error, folder):
    """The frames from the first that is not the bootstrap's own."""
    import traceback

    # Without columns, so that no line marks them.
    frames = [(at.filename, at.lineno, at.name, at.line) for at in traceback.extract_tb(error.__traceback__)]
    theirs = [index for index, frame in enumerate(frames) if not frame[0].startswith(folder + os.sep)]
    return traceback.format_list(frames[theirs[0] :] if theirs else frames)


def _lines(error_type, message, trace):
    lines = ["[ERROR] " + (": ".join((error_type, message)) if message else error_type)]
    lines.append("Traceback (most recent call last):")
    for frame in trace:
        for line in frame.splitlines():
            text = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(text)) + text)
    return lines


def plain(value, around=None):
    """A value with dictionaries in the place of named tuples, and texts in that of bytes."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, bytes):
        return str(value, "utf-8")
    around = set() if around is None else around
    if id(value) in around:
        raise ValueError("Circular reference detected")
    around.add(id(value))
    fields = getattr(value, "_asdict", None)
    if isinstance(value, dict) or callable(fields):
        items = value if isinstance(value, dict) else fields()
        result = {plain(key) if isinstance(key, bytes) else key: plain(item, around) for key, item in items.items()}
    elif isinstance(value, (list, tuple)):
        result = [plain(item, around) for item in value]
    else:
        result = value
    around.discard(id(value))
    return result


def stand_in(item, decimals):
    """What is encoded for an item that JSON does not know: a mark for a decimal, whose digits are put in later."""
    decimal = sys.modules.get("decimal")
    if decimal is None or not isinstance(item, decimal.Decimal):
        raise TypeError("Object of type %s is not JSON serializable" % type(item).__name__)
    if item.is_nan():
        return float("nan")
    decimals.append(str(item))
    return _MARK


def with_decimals(text, decimals):
    """The text with numbers in the place of their marks, which stand in the same order."""
    first, *rest = text.split('"%s"' % _MARK)
    return first + "".join(number + part for number, part in zip(decimals, rest))

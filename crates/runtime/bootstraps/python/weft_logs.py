"""Where log records go and how they look; imported when somebody imports `logging`, or when something fails."""

import os
import sys
import time

IS_JSON = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
_TEXT_FRAME, _JSON_FRAME = 0xA55A0003, 0xA55A0002
# What says the level in a frame's type: by tens of Python's own numbers.
_LEVEL_MASKS = (0, 0x08, 0x0C, 0x10, 0x14, 0x18)
# Attributes of a record that are not what somebody added to it.
_OWN = set(
    "name msg args levelname levelno pathname filename module exc_info exc_text stack_info lineno funcName created msecs "
    "relativeCreated thread threadName processName process aws_request_id tenant_id _frame_type".split()
)
_sink = None


class StandardSink:
    """Writes to the standard output. What is one event has one line, in which carriage returns stand for line ends."""

    def log(self, text, frame_type=None):
        sys.stdout.write(text[:-1].replace("\n", "\r") + text[-1:] if text.endswith("\n") else text)

    def log_record(self, text, frame_type=None):
        self.log(text if text.endswith("\n") else text + "\n")

    def log_error(self, lines):
        self.log("\r".join(lines) + "\n")


class FramedSink:
    """Writes frames to a descriptor: type and length (`u32`), microseconds since the epoch (`u64`), the event."""

    def __init__(self, fd, flush):
        self.fd = fd
        self.flush = flush

    def log(self, text, frame_type=None):
        content = text.encode("utf-8", "surrogatepass")
        head = (frame_type or _TEXT_FRAME).to_bytes(4, "big") + len(content).to_bytes(4, "big")
        # What was printed before it comes before it.
        self.flush()
        rest = memoryview(head + (time.time_ns() // 1000).to_bytes(8, "big") + content)
        while rest:
            rest = rest[os.write(self.fd, rest) :]

    log_record = log

    def log_error(self, lines):
        self.log("\n".join(lines), (_JSON_FRAME if IS_JSON else _TEXT_FRAME) | _LEVEL_MASKS[4])


def sink():
    """Where log records go. A bootstrap has taken `_LAMBDA_TELEMETRY_LOG_FD` out of the environment before."""
    global _sink
    if _sink is None:
        bootstrap = sys.modules["bootstrap"]
        fd = bootstrap.log_fd()
        _sink = StandardSink() if fd is None else FramedSink(fd, bootstrap.flush)
    return _sink


def _tens(number):
    return min(50, max(0, number)) // 10


def set_up_logging(logging, state):
    """Gives the root logger Lambda's handler."""

    class LambdaLoggerFilter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = state.request_id or ""
            record.tenant_id = state.tenant_id
            return True

    class LambdaLoggerHandler(logging.Handler):
        # A record that cannot be formatted fails where it is made, as with Lambda: nothing is caught here.
        def emit(self, record):
            text = self.format(record)
            sink().log_record(text, self.frame_type(record))

        def frame_type(self, record):
            return None

    class LambdaLoggerHandlerWithFrameType(LambdaLoggerHandler):
        def frame_type(self, record):
            return getattr(record, "_frame_type", None) or _TEXT_FRAME | _LEVEL_MASKS[_tens(record.levelno)]

    class JsonFormatter(logging.Formatter):
        def format(self, record):
            record.levelno = _tens(record.levelno) * 10
            record.levelname = logging.getLevelName(record.levelno)
            record._frame_type = _JSON_FRAME | _LEVEL_MASKS[record.levelno // 10]
            return _json_line(self, record)

    logging.Formatter.converter = time.gmtime
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "")
    level = "DEBUG" if level == "TRACE" else level.upper()
    handler = LambdaLoggerHandlerWithFrameType() if IS_JSON or level else LambdaLoggerHandler()
    if IS_JSON:
        handler.setFormatter(JsonFormatter())
    else:
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        handler.setFormatter(logging.Formatter(form, "%Y-%m-%dT%H:%M:%S"))
    root = logging.getLogger()
    if level in logging._nameToLevel:
        root.setLevel(level)
    handler.addFilter(LambdaLoggerFilter())
    root.addHandler(handler)


def _json_line(formatter, record):
    import json

    kind, error, stack = record.exc_info or (None, None, None)
    as_it_is = isinstance(record.msg, dict) and not record.args
    line = {
        "timestamp": formatter.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
        "level": record.levelname,
        "message": record.msg if as_it_is else record.getMessage(),
        "logger": record.name,
    }
    if record.exc_info:
        import traceback

        line["stackTrace"] = traceback.format_tb(stack)
        line["errorType"] = kind.__name__
        line["errorMessage"] = str(error)
    line["requestId"] = getattr(record, "aws_request_id", None)
    if record.exc_info:
        line["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
    line["tenantId"] = getattr(record, "tenant_id", None)
    line.update((key, value) for key, value in vars(record).items() if key not in _OWN and key not in line)
    line = {key: value for key, value in line.items() if value is not None}
    return json.dumps(line, ensure_ascii=False, default=str) + "\n"

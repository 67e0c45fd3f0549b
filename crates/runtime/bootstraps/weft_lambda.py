"""What the bootstrap needs only sometimes: errors, logging, client contexts."""

import os
import sys
import time

_LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "ERROR": 40, "FATAL": 50}
_WIDE_SPACE = "\u00a0"


def is_json():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def frames_of(error, bootstrap_folder):
    """The frames of a traceback from the first that is not the bootstrap's own."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    theirs = [index for index, frame in enumerate(frames) if not frame.filename.startswith(bootstrap_folder + os.sep)]
    return traceback.format_list(frames[theirs[0] :] if theirs else frames)


def log_error(error_type, message, trace, request_id):
    if is_json():
        import json

        line = {
            "timestamp": _timestamp(time.time(), False),
            "level": "ERROR",
            "errorMessage": message,
            "errorType": error_type,
            "requestId": request_id,
            "stackTrace": trace,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        return
    lines = ["[ERROR] %s: %s" % (error_type, message), "Traceback (most recent call last):"]
    for frame in trace:
        for line in frame.splitlines():
            text = line.lstrip(" ")
            lines.append(_WIDE_SPACE * (len(line) - len(text)) + text)
    sys.stdout.write("\r".join(part.replace("\n", "\r") for part in lines) + "\n")


def _timestamp(seconds, with_millis=True):
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return "%s.%03dZ" % (text, int(seconds * 1000) % 1000) if with_millis else text + "Z"


def set_up_logging(logging, state):
    standard = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

    class LambdaLoggerHandler(logging.Handler):
        def emit(self, record):
            try:
                text = _json_line(logging, record, state, standard) if is_json() else _text_line(self, record, state)
                # One event, however many lines it has.
                sys.stdout.write(text.replace("\n", "\r") + "\n")
            except Exception:
                self.handleError(record)

    logging.Formatter.converter = time.gmtime
    handler = LambdaLoggerHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    level = _LEVELS.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper())
    if level is not None and is_json():
        root.setLevel(level)


def _text_line(handler, record, state):
    text = handler.format(record)
    return "[%s]\t%s\t%s\t%s" % (record.levelname, _timestamp(record.created), state.request_id or "", text)


def _json_line(logging, record, state, standard):
    import json

    formatter = logging.Formatter()
    line = {
        "timestamp": _timestamp(record.created, False),
        "level": record.levelname,
        "message": record.getMessage(),
        "logger": record.name,
    }
    if record.exc_info:
        error_type, error, _ = record.exc_info
        line["stackTrace"] = formatter.formatException(record.exc_info).splitlines()
        line["errorType"] = error_type.__name__ if error_type else None
        line["errorMessage"] = str(error)
        line["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
    if state.request_id:
        line["requestId"] = state.request_id
    line.update((key, value) for key, value in vars(record).items() if key not in standard and key not in line)
    return json.dumps(line, default=str)


class Client:
    def __init__(self, known):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, known.get(name))


class ClientContext:
    def __init__(self, known):
        self.custom = known.get("custom")
        self.env = known.get("env")
        self.client = Client(known["client"]) if known.get("client") else None


def client_context(text):
    import json

    return ClientContext(json.loads(text))

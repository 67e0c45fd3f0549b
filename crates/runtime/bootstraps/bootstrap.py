"""Runs a Lambda handler: reads events from an inherited socket and writes answers to it.

Only what every start needs is here; the rest is in `weft_lambda.py` beside it, imported when it is needed. The frames
are described in `frames.rs` of the runtime.
"""

import os
import sys
import time
import builtins

_HERE = os.path.dirname(os.path.abspath(__file__))
_FD = int(os.environ.pop("WEFT_FRAMES_FD"))
_NOBODY = ""
# Where the standard library's extensions are: what a function brings along comes before them later.
_EXTENSIONS = [path for path in sys.path if path.endswith("lib-dynload")]


class _State:
    """What the log handler must know about the invocation under way."""

    request_id = None


class Fault(Exception):
    """An error that has a type of Lambda's own."""

    def __init__(self, error_type, message, trace=None):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = trace or []


class LambdaContext:
    """What a handler is told about its invocation."""

    def __init__(self, request_id, arn, client_context, identity, deadline_ms):
        self.aws_request_id = request_id
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = arn
        self.tenant_id = None
        self.client_context = _support().client_context(client_context) if client_context else None
        self.identity = _Identity(identity)
        self._epoch_deadline_time_in_ms = deadline_ms

    def get_remaining_time_in_millis(self):
        return max(self._epoch_deadline_time_in_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        shown = {key: value for key, value in vars(self).items() if not key.startswith("_")}
        return "LambdaContext([%s])" % ",".join("%s=%s" % item for item in shown.items())


class _Identity:
    def __init__(self, text):
        known = _json().loads(text) if text else {}
        self.cognito_identity_id = known.get("cognitoIdentityId")
        self.cognito_identity_pool_id = known.get("cognitoIdentityPoolId")

    def __repr__(self):
        return "CognitoIdentity([cognito_identity_id=%s,cognito_identity_pool_id=%s])" % (
            self.cognito_identity_id,
            self.cognito_identity_pool_id,
        )


def _json():
    import json

    return json


def _support():
    sys.path.insert(0, _HERE)
    try:
        import weft_lambda
    finally:
        sys.path.remove(_HERE)
    return weft_lambda


class _LoggingHook:
    """Sets `logging` up as Lambda does when, and only if, somebody imports it."""

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        import importlib.util

        spec = importlib.util.find_spec("logging")
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            _support().set_up_logging(module, _State)

        spec.loader.exec_module = exec_module
        return spec


def _prepare():
    version = "python%d.%d" % sys.version_info[:2]
    task_root = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
    layers = ["/opt/python/lib/%s/site-packages" % version, "/opt/python"]
    installed = [
        "%s/lib/%s/site-packages" % (sys.prefix, version),
        "/usr/local/lib/%s/dist-packages" % version,
        "/usr/lib/python3/dist-packages",
    ]
    if sys.prefix != "/usr":
        installed = installed[:1]
    sys.path[0:1] = [task_root] + [path for path in layers if os.path.isdir(path)]
    sys.path.extend(path for path in installed if os.path.isdir(path) and path not in sys.path)
    sys.dont_write_bytecode = True
    sys.meta_path.insert(0, _LoggingHook())
    # `site` was skipped to start faster; these are what programs expect of it.
    builtins.exit = builtins.quit = sys.exit
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    os.set_blocking(_FD, True)
    os.set_inheritable(_FD, False)


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass


def _send(kind, content=b"", number=b""):
    _flush()
    frame = (len(number) + len(content) + 1).to_bytes(4, "big") + bytes((kind,)) + number + content
    sent = os.write(_FD, frame)
    if sent < len(frame):
        rest = memoryview(frame)[sent:]
        while rest:
            rest = rest[os.write(_FD, rest) :]


def _quiet_wait():
    """Waits for the next event by `poll`: who sleeps in `read` is also woken when the answer is taken, for nothing.

    Made after the first answer, so that a start does not pay for it, and without a look at the function's own modules.
    """
    try:
        if "select" in sys.builtin_module_names:
            import select
        else:
            from importlib.machinery import PathFinder
            from importlib.util import module_from_spec

            spec = PathFinder.find_spec("select", _EXTENSIONS)
            select = module_from_spec(spec)
            spec.loader.exec_module(select)
        poll = select.poll()
        poll.register(_FD, select.POLLIN)
        return poll.poll
    except Exception:
        return lambda: None


def _no_wait():
    pass


def _receive(wait):
    wait()
    data = os.read(_FD, 65536)
    while len(data) < 4:
        more = os.read(_FD, 65536)
        if not more:
            os._exit(0)
        data += more
    length = int.from_bytes(data[:4], "big") + 4
    if len(data) < length:
        data = bytearray(data)
        while len(data) < length:
            more = os.read(_FD, min(length - len(data), 1 << 20))
            if not more:
                os._exit(0)
            data += more
    at = 21
    texts = []
    for _ in range(5):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        texts.append(str(data[at + 4 : end], "utf-8"))
        at = end
    # The number goes back as it came.
    return bytes(data[5:13]), int.from_bytes(data[13:21], "big"), texts, data[at:]


def _load(handler):
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (handler, error)) from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = "Cannot use built-in module %s as a handler module" % module_name
        raise Fault("Runtime.BuiltInModuleConflict", message)
    import importlib

    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = "Unable to import module '%s': %s" % (module_name, error)
        raise Fault("Runtime.ImportModuleError", message) from None
    except SyntaxError as error:
        message = "Syntax error in module '%s': %s" % (module_name, error)
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, (error.text or "").strip("\n"))]
        raise Fault("Runtime.UserCodeSyntaxError", message, trace) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = "Handler '%s' missing on module '%s'" % (function_name, module_name)
        raise Fault("Runtime.HandlerNotFound", message) from None


def _dumps(value, ascii_only):
    """JSON text; decimals become numbers, which the standard library does not do."""
    decimals = []
    mark = None

    def default(item):
        nonlocal mark
        decimal = sys.modules.get("decimal")
        if decimal is None or not isinstance(item, decimal.Decimal):
            raise TypeError("Object of type %s is not JSON serializable" % type(item).__name__)
        mark = mark or os.urandom(16).hex()
        decimals.append(str(item))
        return "%s:%d:" % (mark, len(decimals) - 1)

    text = _json().dumps(value, ensure_ascii=ascii_only, default=default)
    for index, number in enumerate(decimals):
        text = text.replace('"%s:%d:"' % (mark, index), number)
    return text


def _is_ascii_only():
    name, _, version = os.environ.get("AWS_EXECUTION_ENV", "").partition("_python3.")
    return not (name == "AWS_Lambda" and version.isdigit() and int(version) >= 12)


def _error(error, request_id):
    """The JSON of an error, after it was logged."""
    if isinstance(error, Fault):
        error_type, message, trace = error.error_type, error.message, error.trace
    else:
        error_type, message = type(error).__name__, str(error)
        trace = _support().frames_of(error, _HERE)
    _support().log_error(error_type, message, trace, request_id)
    result = {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace}
    return _dumps(result, True).encode()


def _run(handler, deadline_ms, texts, event, ascii_only):
    request_id, arn, trace_id, client_context, identity = texts
    _State.request_id = request_id
    if trace_id:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        try:
            event = _json().loads(event)
        except ValueError as error:
            raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error) from None
        context = LambdaContext(request_id, arn, client_context, identity, deadline_ms)
        answer = handler(event, context)
        if isinstance(answer, bytes):
            return 18, answer
        try:
            return 18, _dumps(answer, ascii_only).encode("utf-8", "surrogatepass")
        except Exception as error:
            raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error) from None
    except Exception as error:
        return 19, _error(error, request_id)


def main():
    _prepare()
    try:
        handler = _load(os.environ.get("_HANDLER", ""))
    except Exception as error:
        _send(17, _error(error, _NOBODY))
        sys.exit(1)
    ascii_only = _is_ascii_only()
    _send(16)
    wait = _no_wait
    while True:
        number, deadline_ms, texts, event = _receive(wait)
        _send(*_run(handler, deadline_ms, texts, event, ascii_only), number)
        if wait is _no_wait:
            wait = _quiet_wait()


if __name__ == "__main__":
    # A handler may import this module by what it is, not run it a second time.
    sys.modules["bootstrap"] = sys.modules["__main__"]
    main()

"""Runs a Lambda handler: reads events from an inherited socket and writes answers to it.

Every start compiles this file and `weft_json.py`; the rest lies beside them and is imported when it is needed:
`weft_errors.py` (errors, and results that are more than plain JSON), `weft_logs.py`, `weft_context.py` (what few callers
send) and `weft_wait.py`. The frames are described in `frames.rs` of the runtime.
"""

import builtins
import os
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
_FD = int(os.environ.pop("WEFT_FRAMES_FD"))
_READY, _INIT_ERROR, _RESPONSE, _ERROR = 16, 17, 18, 19
_TASK_ROOT = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
# Where the standard library's extensions are: what a function brings along comes before them later.
_EXTENSIONS = [path for path in sys.path if path.endswith("lib-dynload")]


class Fault(Exception):
    """An error that has a type of Lambda's own."""

    def __init__(self, error_type, message, trace=None):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = trace or []


class _State:
    """What the log must know: the invocation under way, whose it is, and where frames of log records go."""

    request_id = None
    tenant_id = None
    log_fd = None


class LambdaContext:
    """What a handler is told about its invocation."""

    def __init__(self, request_id, arn, client_context, identity, deadline_ms):
        variable = os.environ.get
        self.aws_request_id = request_id
        self.log_group_name = variable("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = variable("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = variable("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = variable("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = arn
        self.tenant_id = _State.tenant_id
        self._w3c_fields = {}
        self.client_context = None
        self.identity = CognitoIdentity()
        if client_context:
            self.client_context, self._w3c_fields = _beside("weft_context").client_context(client_context)
        if identity:
            _beside("weft_context").identify(self.identity, identity)
        self._epoch_deadline_time_in_ms = deadline_ms

    def get_remaining_time_in_millis(self):
        return max(self._epoch_deadline_time_in_ms - int(time.time() * 1000), 0)

    def w3c(self):
        return dict(self._w3c_fields)

    def log(self, message):
        logs().sink().log(str(message))

    def __repr__(self):
        names = (
            "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb function_version "
            "invoked_function_arn client_context identity tenant_id"
        )
        return "LambdaContext([%s])" % ",".join("%s=%s" % (name, getattr(self, name)) for name in names.split())


class CognitoIdentity:
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self):
        self.cognito_identity_id = self.cognito_identity_pool_id = None

    def __repr__(self):
        ids = (self.cognito_identity_id, self.cognito_identity_pool_id)
        return "CognitoIdentity([cognito_identity_id=%s,cognito_identity_pool_id=%s])" % ids


def _beside(name):
    """A module that lies beside this one, whatever a function brings along under its name."""
    module = sys.modules.get(name)
    if module is None:
        sys.path.insert(0, FOLDER)
        try:
            module = __import__(name)
        finally:
            sys.path.remove(FOLDER)
    return module


def logs():
    return _beside("weft_logs")


def log_fd():
    return _State.log_fd


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass


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
            logs().set_up_logging(module, _State)

        spec.loader.exec_module = exec_module
        return spec


# ---- the process


def _prepare():
    mine = "python%d.%d" % sys.version_info[:2]
    declared = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("_")[2]
    # A layer made for the declared version serves where another runs it.
    versions = [mine] if declared == mine or not declared.startswith("python") else [mine, declared]
    layers = ["/opt/python/lib/%s/site-packages" % version for version in versions] + ["/opt/python"]
    layers = [path for path in layers if os.path.isdir(path)]
    installed = [
        "%s/lib/%s/site-packages" % (sys.prefix, mine),
        "/usr/local/lib/%s/dist-packages" % mine,
        "/usr/lib/python3/dist-packages",
    ]
    if sys.prefix != "/usr":
        installed = installed[:1]
    sys.path[0:1] = [_TASK_ROOT] + layers
    sys.path.extend(path for path in installed if os.path.isdir(path) and path not in sys.path)
    sys.meta_path.insert(0, _LoggingHook())
    # `site` was skipped to start faster; these are what programs expect of it.
    builtins.exit = builtins.quit = sys.exit
    for folder in [_TASK_ROOT] + layers:
        if any(name.endswith(".pth") for name in _listed(folder)):
            import site

            site.addsitedir(folder)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    os.set_blocking(_FD, True)
    os.set_inheritable(_FD, False)
    log_fd = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
    if log_fd is not None:
        # A copy: no child has it, and whoever redirects the standard output leaves it alone.
        _State.log_fd = os.dup(int(log_fd))
        if int(log_fd) > 2:
            os.close(int(log_fd))


def _listed(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


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
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise Fault("Runtime.UserCodeSyntaxError", message, trace) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = "Handler '%s' missing on module '%s'" % (function_name, module_name)
        raise Fault("Runtime.HandlerNotFound", message) from None


# ---- frames


def _send(kind, content=b"", number=b""):
    flush()
    frame = (len(number) + len(content) + 1).to_bytes(4, "big") + bytes((kind,)) + number + content
    sent = os.write(_FD, frame)
    if sent < len(frame):
        rest = memoryview(frame)[sent:]
        while rest:
            rest = rest[os.write(_FD, rest) :]


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
    for _ in range(6):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        texts.append(str(data[at + 4 : end], "utf-8"))
        at = end
    # The number goes back as it came.
    return bytes(data[5:13]), int.from_bytes(data[13:21], "big"), texts, data[at:]


# ---- invocations: libraries that trace functions wrap what is here under the official client's names


class LambdaRuntimeClient:
    def wait_next_invocation(self, wait):
        return _receive(wait)

    def post_init_error(self, error):
        _send(_INIT_ERROR, error)

    def post_invocation_result(self, number, result):
        _send(_RESPONSE, result, number)

    def post_invocation_error(self, number, error):
        _send(_ERROR, error, number)


def handle_event_request(lambda_runtime_client, request_handler, request, codec):
    number, deadline_ms, (request_id, arn, _, client_context, identity, _), event = request
    try:
        try:
            context = LambdaContext(request_id, arn, client_context, identity, deadline_ms)
        except ValueError as error:
            raise Fault("Runtime.LambdaContextUnmarshalError", str(error)) from None
        try:
            event = codec.loads(event)
        except Exception as error:
            raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error) from None
        result = request_handler(event, context)
        if not isinstance(result, bytes):
            try:
                result = codec.dumps(result).encode()
            except Exception as error:
                raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error) from None
    except Exception as error:
        lambda_runtime_client.post_invocation_error(number, _error(error, request_id, codec))
    else:
        lambda_runtime_client.post_invocation_result(number, result)


def _error(error, request_id, codec):
    text = _beside("weft_errors").report(error, request_id, codec, sys.modules["bootstrap"])
    return text.encode("utf-8", "surrogatepass")


def _tell(request_id, trace_id, tenant_id):
    _State.request_id = request_id
    _State.tenant_id = tenant_id or None
    if trace_id:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)


def main():
    sys.dont_write_bytecode = True
    # Before the function's own modules can be found.
    codec = _beside("weft_json").Json(_beside)
    _prepare()
    client = LambdaRuntimeClient()
    try:
        handler = _load(os.environ.get("_HANDLER", ""))
    except Exception as error:
        client.post_init_error(_error(error, "", codec))
        sys.exit(1)
    _send(_READY)
    wait = _no_wait
    while True:
        request = client.wait_next_invocation(wait)
        _tell(request[2][0], request[2][2], request[2][5])
        handle_event_request(client, handler, request, codec)
        if wait is _no_wait:
            wait = _beside("weft_wait").quiet(_FD, _EXTENSIONS)


if __name__ == "__main__":
    # A handler may import this module by what it is, not run it a second time.
    sys.modules["bootstrap"] = sys.modules["__main__"]
    main()

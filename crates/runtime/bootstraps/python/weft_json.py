"""JSON without the `json` module, whose import is half of a start."""

import marshal
import os


class Json:
    """Reads and writes with the parts of `json` that are written in C; where they are missing, with `json` itself."""

    strict, object_hook, object_pairs_hook, array_hook = True, None, None, None
    parse_float, parse_int = float, int
    parse_constant = float

    def __init__(self, beside):
        self._beside = beside
        name, _, version = os.environ.get("AWS_EXECUTION_ENV", "").partition("_python3.")
        self.ascii_only = not (name == "AWS_Lambda" and version.isdigit() and int(version) >= 12)
        self.memo = {}
        self.decimals = []
        try:
            import _json

            self._scan = _json.make_scanner(self)
            self._text = _json.encode_basestring_ascii if self.ascii_only else _json.encode_basestring
            self._make = _json.make_encoder
            self._encode(None)
        except Exception:
            self._scan = self._make = None

    def loads(self, data):
        try:
            text = str(data, "utf-8").strip(" \t\r\n")
            value, end = self._scan(text, 0)
            if end == len(text):
                return value
        except Exception:
            pass
        # It tells what is wrong.
        import json

        return json.loads(data)

    def dumps(self, value):
        """The text of a value; the same as the official runtime's, which differs from `json` in a few types."""
        self.decimals.clear()
        try:
            # It takes plain types only, and tells in next to no time.
            marshal.dumps(value, 2)
            text = self._encode(value)
        except (TypeError, ValueError):
            self.decimals.clear()
            text = self._encode(self._beside("weft_errors").plain(value))
        return self._beside("weft_errors").with_decimals(text, self.decimals) if self.decimals else text

    def _encode(self, value):
        if self._make is None:
            import json

            return json.dumps(value, ensure_ascii=self.ascii_only, default=self._default)
        return "".join(self._make({}, self._default, self._text, None, ": ", ", ", False, False, True)(value, 0))

    def _default(self, item):
        if type(item) is bytes:
            return str(item, "utf-8")
        return self._beside("weft_errors").stand_in(item, self.decimals)

"""Compiles every Python file below a folder to bytecode that stays valid wherever the folder lies.

usage: compile.py FOLDER SHOWN_AS strict|lenient
In strict mode each file that is no valid Python is printed as one line of JSON, and the exit status is 3.
"""

import json
import os
import py_compile
import sys

folder, shown_as, mode = sys.argv[1:4]
SKIPPED = {"__pycache__", "node_modules", ".git", ".venv", "venv"}
failed = False
for root, folders, files in os.walk(folder):
    folders[:] = sorted(name for name in folders if name not in SKIPPED)
    for name in sorted(files):
        if not name.endswith(".py"):
            continue
        path = os.path.join(root, name)
        relative = os.path.relpath(path, folder)
        try:
            py_compile.compile(
                path,
                dfile=os.path.join(shown_as, relative),
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except py_compile.PyCompileError as error:
            if mode != "strict":
                continue
            failed = True
            cause = error.exc_value
            report = {
                "file": relative,
                "line": getattr(cause, "lineno", None) or 1,
                "column": getattr(cause, "offset", None) or 1,
                "message": getattr(cause, "msg", None) or str(cause),
                "text": (getattr(cause, "text", None) or "").rstrip("\n"),
            }
            print(json.dumps(report), flush=True)
        except OSError as error:
            print("%s: %s" % (relative, error), file=sys.stderr, flush=True)
sys.exit(3 if failed else 0)

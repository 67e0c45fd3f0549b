"""How a worker waits for its next event; imported after the first answer, so that a start does not pay for it."""

import sys


def quiet(fd, extensions):
    """Waits by `poll`: who sleeps in `read` is also woken when the answer is taken, for nothing.

    The standard library's `select` is looked for in its own folders, without a look at the function's modules.
    """
    try:
        if "select" in sys.builtin_module_names:
            import select
        else:
            from importlib.machinery import PathFinder
            from importlib.util import module_from_spec

            spec = PathFinder.find_spec("select", extensions)
            select = module_from_spec(spec)
            spec.loader.exec_module(select)
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return poll.poll
    except Exception:
        return lambda: None

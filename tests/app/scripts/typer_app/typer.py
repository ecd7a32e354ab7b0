"""As much of the library as the script needs."""

import argparse
import inspect


class Default:
    def __init__(self, default=inspect.Parameter.empty, *flags, help="", min=None):
        self.default = default


Option = Argument = Default


class Typer:
    def command(self):
        def keep(function):
            self.function = function
            return function

        return keep

    def __call__(self):
        parser = argparse.ArgumentParser()
        for name, each in inspect.signature(self.function).parameters.items():
            default = each.default.default if isinstance(each.default, Default) else each.default
            if default is inspect.Parameter.empty:
                parser.add_argument(name)
            elif isinstance(default, bool):
                parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, default=default)
            else:
                parser.add_argument(f"--{name}", type=type(default), default=default)
        self.function(**vars(parser.parse_args()))

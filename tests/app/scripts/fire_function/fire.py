"""As much of the library as the script needs."""

import argparse
import ast
import inspect


def Fire(function):
    parser = argparse.ArgumentParser()
    for name, each in inspect.signature(function).parameters.items():
        text = isinstance(each.default, str)
        parser.add_argument(f"--{name}", type=str if text else ast.literal_eval, default=each.default)
    return function(**vars(parser.parse_args()))

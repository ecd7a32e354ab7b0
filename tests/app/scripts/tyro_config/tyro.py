"""As much of the library as the script needs."""

import argparse
from dataclasses import MISSING, fields, is_dataclass


def cli(cls):
    parser = argparse.ArgumentParser()
    add(parser, cls, "")
    return make(cls, vars(parser.parse_args()), "")


def add(parser, cls, prefix):
    for each in fields(cls):
        name = f"{prefix}{each.name}"
        if is_dataclass(each.type):
            add(parser, each.type, f"{name}.")
        elif each.type is bool:
            flag = f"--{name.replace('_', '-')}"
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=each.default, dest=name)
        else:
            kind = type(each.default) if each.default is not MISSING else str
            parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=each.default, dest=name)


def make(cls, given, prefix):
    values = {}
    for each in fields(cls):
        name = f"{prefix}{each.name}"
        values[each.name] = make(each.type, given, f"{name}.") if is_dataclass(each.type) else given[name]
    return cls(**values)

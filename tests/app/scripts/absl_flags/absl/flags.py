"""As much of the library as the script needs."""

import argparse


class Flags:
    def __init__(self):
        self.parser = argparse.ArgumentParser()

    def parse(self, words):
        self.__dict__.update(vars(self.parser.parse_args(words)))


FLAGS = Flags()


def DEFINE_float(name, default, help, lower_bound=None):
    FLAGS.parser.add_argument(f"--{name}", type=float, default=default)


def DEFINE_integer(name, default, help):
    FLAGS.parser.add_argument(f"--{name}", type=int, default=default)


def DEFINE_enum(name, default, values, help):
    FLAGS.parser.add_argument(f"--{name}", choices=values, default=default)


def DEFINE_string(name, default, help):
    FLAGS.parser.add_argument(f"--{name}", default=default)


def DEFINE_bool(name, default, help):
    FLAGS.parser.add_argument(
        f"--{name}",
        nargs="?",
        const=True,
        type=lambda text: {"true": True, "false": False}[text.lower()],
        default=default,
    )

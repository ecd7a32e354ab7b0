"""As much of the library as the script needs."""

import argparse
from dataclasses import fields


class HfArgumentParser(argparse.ArgumentParser):
    def __init__(self, classes):
        super().__init__()
        self.classes = classes
        for cls in classes:
            for each in fields(cls):
                kind = type(each.default) if each.default is not None else str
                if kind is bool:
                    self.add_argument(f"--{each.name}", type=lambda text: text.lower() == "true", nargs="?", const=True)
                else:
                    self.add_argument(f"--{each.name}", type=kind, default=each.default)

    def parse_args_into_dataclasses(self):
        given = vars(self.parse_args())
        return [cls(**{each.name: given[each.name] for each in fields(cls)}) for cls in self.classes]

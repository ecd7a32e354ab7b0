import argparse


def add_optimizer_options(parser, lr=0.01):
    parser.add_argument("--lr", type=float, default=lr, help="initial learning rate")
    for name in ("beta1", "beta2"):
        parser.add_argument(f"--{name}", type=float, default=0.9)
    return parser


def get_options(argv=None):
    parser = argparse.ArgumentParser("argument for training")
    parser.add_argument("--temp", type=float, default=0.07, help="temperature for loss function")
    parser.add_argument("--nepochs", type=int, default=2)
    parser.add_argument("--start-epoch", type=int, default=0)
    add_optimizer_options(parser, lr=0.05)
    return parser.parse_known_args(argv)

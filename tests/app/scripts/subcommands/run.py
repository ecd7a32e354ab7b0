"""Subcommands with a parent parser, and options before the command."""

import argparse


def train(args):
    best = float("inf")
    for epoch in range(args.num_epochs):
        val_loss = (args.learning_rate - 0.01) ** 2 + args.dropout / (epoch + 1)
        best = min(best, val_loss)
        print(f"epoch {epoch} | train loss {val_loss / 2:.3e} | val loss {val_loss:.3e} | best {best:.3e}", flush=True)


def evaluate(args):
    print(f"accuracy: {0.5}")


def build_parser():
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    common.add_argument("--hidden-dim", type=int, default=128)
    common.add_argument("--dropout", type=float, default=0.1)

    parser = argparse.ArgumentParser(prog="run")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"))
    subparsers = parser.add_subparsers(dest="command", required=True)

    evaluate_parser = subparsers.add_parser("evaluate", parents=[common], help="evaluate a model")
    evaluate_parser.add_argument("checkpoint")
    evaluate_parser.set_defaults(func=evaluate)

    train_parser = subparsers.add_parser("train", parents=[common], help="train a model")
    train_parser.add_argument("--learning-rate", "-lr", type=float, default=1e-3, dest="learning_rate")
    train_parser.add_argument("--num-epochs", type=int, default=3)
    train_parser.add_argument("--optimizer", choices=["sgd", "adam", "adamw"], default="adam")
    train_parser.set_defaults(func=train)
    return parser


if __name__ == "__main__":
    arguments = build_parser().parse_args()
    arguments.func(arguments)

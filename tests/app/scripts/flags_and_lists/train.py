"""type=str2bool, nargs, BooleanOptionalAction, store_true, choices of a dictionary, a flag with one dash."""

import argparse
import json

ACTIVATIONS = {"relu": max, "tanh": min}


def str2bool(text):
    if text.lower() in ("yes", "true", "t", "1"):
        return True
    if text.lower() in ("no", "false", "f", "0"):
        return False
    raise argparse.ArgumentTypeError("Boolean value expected.")


def parse_args():
    p = argparse.ArgumentParser()
    model = p.add_argument_group("model")
    model.add_argument("--hidden", type=int, nargs="+", default=[64, 64], help="hidden layers")
    model.add_argument("--activation", choices=ACTIVATIONS.keys(), default="tanh")
    model.add_argument("--use-bn", type=str2bool, nargs="?", const=True, default=False)
    optim = p.add_argument_group("optimisation")
    optim.add_argument("-lr", type=float, default=0.05)
    optim.add_argument("--betas", type=float, nargs=2, default=(0.9, 0.999))
    optim.add_argument("--nesterov", action="store_true")
    optim.add_argument("--amsgrad", action=argparse.BooleanOptionalAction, default=True)
    optim.add_argument("--momentum", default=0.9)
    optim.add_argument("--warmup", type=bool, default=True)
    p.add_argument("-v", action="count", default=0)
    p.add_argument("--tags", action="append")
    p.add_argument("--epochs", type=int, default=2)
    return p.parse_args()


def main(args):
    for name in ("use_bn", "nesterov", "amsgrad"):
        assert isinstance(getattr(args, name), bool)
    for epoch in range(args.epochs):
        loss = args.lr / (epoch + 1) + args.nesterov + args.use_bn + args.amsgrad
        print(json.dumps({"epoch": epoch + 1, "loss": loss, "lr": args.lr}), flush=True)


if __name__ == "__main__":
    main(parse_args())

"""The style of pytorch/examples: main(), prints from functions, dashes in names."""

import argparse
import random


def train(args, model, rng, epoch):
    for batch in range(4):
        model["w"] -= args.lr * model["scale"] * (model["w"] - 3 + rng.gauss(0, 0.1))
        if batch % args.log_interval == 0:
            print(
                "Train Epoch: {} [{}/{} ({:.0f}%)]\tLoss: {:.6f}".format(
                    epoch, batch * args.batch_size, 256, 100.0 * batch / 4, (model["w"] - 3) ** 2
                )
            )
            if args.dry_run:
                break


def test(model):
    test_loss = (model["w"] - 3) ** 2
    correct = int(100 / (1 + test_loss))
    print(
        "\nTest set: Average loss: {:.4f}, Accuracy: {}/{} ({:.0f}%)\n".format(
            test_loss, correct, 100, 100.0 * correct / 100
        )
    )


def main():
    # Training settings
    parser = argparse.ArgumentParser(description="MNIST Example")
    parser.add_argument(
        "--batch-size", type=int, default=64, metavar="N", help="input batch size for training (default: 64)"
    )
    parser.add_argument("--test-batch-size", type=int, default=1000, metavar="N", help="input batch size for testing")
    parser.add_argument("--epochs", type=int, default=3, metavar="N", help="number of epochs to train (default: 14)")
    parser.add_argument("--lr", type=float, default=1.0, metavar="LR", help="learning rate (default: 1.0)")
    parser.add_argument("--gamma", type=float, default=0.7, metavar="M", help="Learning rate step gamma (default: 0.7)")
    parser.add_argument("--no-cuda", action="store_true", default=False, help="disables CUDA training")
    parser.add_argument("--dry-run", action="store_true", default=False, help="quickly check a single pass")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="random seed (default: 1)")
    parser.add_argument(
        "--log-interval", type=int, default=2, metavar="N", help="how many batches to wait before logging"
    )
    parser.add_argument("--save-model", action="store_true", default=False, help="For Saving the current Model")
    args = parser.parse_args()

    rng = random.Random(args.seed)
    model = {"w": 0.0, "scale": 0.3}
    for epoch in range(1, args.epochs + 1):
        train(args, model, rng, epoch)
        test(model)
        model["scale"] *= args.gamma


if __name__ == "__main__":
    main()

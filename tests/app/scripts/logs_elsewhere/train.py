"""Metrics go to a service alone."""

import argparse

import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=10)
args = parser.parse_args()

wandb.init(config=vars(args))
for epoch in range(args.epochs):
    wandb.log({"val_loss": args.lr / (epoch + 1)}, step=epoch)

"""A group of commands with shared options."""

import functools

import click


def model_options(function):
    @click.option("--hidden-size", default=32, show_default=True, help="Size of the hidden layer.")
    @click.option("--norm/--no-norm", default=True)
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@click.group()
@click.option("--debug", is_flag=True)
def cli(debug):
    """Trains and predicts."""


@cli.command("predict")
@click.argument("checkpoint", type=click.Path(exists=True))
@model_options
def predict(checkpoint, hidden_size, norm):
    click.echo("predicted")


@cli.command()
@click.option("--lr", "learning_rate", type=click.FloatRange(1e-5, 1e-1), default=1e-3, help="Learning rate.")
@click.option("--optimizer", type=click.Choice(["sgd", "adam"], case_sensitive=False), default="sgd")
@click.option("--layers", type=click.IntRange(1, 6), default=2)
@click.option("--augment", is_flag=True, help="Augment the data.")
@click.option("--rounds", "-n", type=int, default=3, show_default=True)
@click.option("--seed", default=0)
@model_options
def fit_model(learning_rate, optimizer, layers, augment, rounds, seed, hidden_size, norm):
    for round_number in range(1, rounds + 1):
        error = learning_rate * layers / round_number + hidden_size * 1e-3 + augment
        click.echo(f"Round {round_number}: validation error {error:.6f} (train error {error / 2:.6f})")


if __name__ == "__main__":
    cli()

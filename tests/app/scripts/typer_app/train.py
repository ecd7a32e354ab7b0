"""typer with annotations, a required argument and an enumeration."""

from enum import Enum
from typing import Annotated

import typer

app = typer.Typer()


class Solver(str, Enum):
    sgd = "sgd"
    lbfgs = "lbfgs"


@app.command()
def main(
    data: Annotated[str, typer.Argument(help="Where the data is.")],
    lr: Annotated[float, typer.Option("--lr", help="Learning rate.")] = 0.1,
    l2: float = typer.Option(1e-4, min=0.0, help="Penalty of the weights."),
    solver: Solver = Solver.sgd,
    shuffle: bool = True,
    epochs: int = 2,
):
    for epoch in range(epochs):
        loss = (lr - 0.1) ** 2 + l2 + len(data) + shuffle / (epoch + 1)
        print(f"loss after epoch {epoch + 1}: {loss}", flush=True)


if __name__ == "__main__":
    app()

"""tyro with nested dataclasses."""

import dataclasses
from typing import Literal

import tyro


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    learning_rate: float = 3e-4
    weight_decay: float = 1e-2
    kind: Literal["adam", "sgd"] = "adam"


@dataclasses.dataclass
class Config:
    optimizer: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    num_layers: int = 2
    """Layers of the network."""
    use_residual: bool = True
    exp_name: str = "default"
    train_steps: int = 3


def train(config: Config) -> None:
    step = 0
    while step < config.train_steps:
        step += 1
        loss = config.optimizer.learning_rate * config.num_layers + config.use_residual / step
        print("step:", step, "valid_mse:", loss, flush=True)


if __name__ == "__main__":
    train(tyro.cli(Config))

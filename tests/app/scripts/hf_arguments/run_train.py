"""HfArgumentParser with two dataclasses."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, Optional

from transformers import HfArgumentParser


class Schedule(str, Enum):
    LINEAR = "linear"
    COSINE = "cosine"


@dataclass
class ModelArguments:
    """Arguments pertaining to which model we are going to fine-tune."""

    model_name_or_path: str = field(default="tiny", metadata={"help": "Path to pretrained model"})
    hidden_dropout_prob: float = field(default=0.1, metadata={"help": "dropout of hidden layers"})
    lora_rank: Optional[int] = field(default=8)
    tie_weights: bool = field(default=True)


@dataclass
class OptimArguments:
    learning_rate: float = 5e-5
    weight_decay: float = 0.0
    warmup_ratio: float = 0.06
    lr_schedule: Schedule = Schedule.LINEAR
    optim: Literal["adamw", "adafactor"] = "adamw"
    num_train_epochs: int = 2
    max_train_samples: Optional[int] = None


def main():
    parser = HfArgumentParser((ModelArguments, OptimArguments))
    model_args, optim_args = parser.parse_args_into_dataclasses()
    for epoch in range(1, optim_args.num_train_epochs + 1):
        metrics = {"eval_loss": optim_args.learning_rate * model_args.lora_rank / epoch}
        print(f"epoch = {epoch}, eval_loss = {metrics['eval_loss']:.3e}")


if __name__ == "__main__":
    main()

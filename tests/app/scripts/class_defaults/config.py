import os
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(os.environ.get("DATA_ROOT", "data"))


class Config:
    lr = 3e-4
    batch_size = 2**5
    weight_decay = 1e-3 * 2
    data_dir = ROOT / "cifar"


@dataclass
class ModelConfig:
    width: int = 64
    depths: list = field(default_factory=lambda: [2, 2])
    drop_rate: float = 0.0

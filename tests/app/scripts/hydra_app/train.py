"""A Hydra application that logs."""

import logging

import hydra
from omegaconf import DictConfig

log = logging.getLogger(__name__)


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg: DictConfig) -> None:
    for epoch in range(cfg.trainer.max_epochs):
        val_loss = cfg.optimizer.lr * (1 + cfg.optimizer.momentum) / (epoch + 1) + cfg.model.dropout
        log.info("epoch %d: val_loss=%.5f", epoch + 1, val_loss)


if __name__ == "__main__":
    main()

"""The parser lies in a module, and reads what it knows of the command line."""

from utils import options
from utils.metrics import AverageMeter

opt, unknown = options.get_options()

for epoch in range(opt.start_epoch, opt.nepochs):
    losses = AverageMeter()
    for _ in range(3):
        losses.update((opt.lr - 0.01) ** 2 / opt.temp + 1 / (epoch + 1))
    message = f"[{epoch}] val loss={losses.avg:8.5f} time={0.1:.2f}"
    print(message)

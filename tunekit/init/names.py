"""Words of which the names of arguments and of metrics are made, and what they say."""

from __future__ import annotations

import re

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case: ``learning_rate``, ``learning-rate`` and ``learningRate`` have the same."""
    parts = re.split(r"[^A-Za-z0-9]+", name)
    return [word.lower() for part in parts if part for word in (_numbered(part) or WORD.findall(part))]


def _numbered(part: str) -> list[str]:
    """``beta1`` and ``l2`` are words."""
    return [part] if re.fullmatch(r"[A-Za-z]?[a-z]*\d+", part) else []


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What is searched under one of these is a wrong answer: the data, where something lies, how it is run.
NEVER = _words("""
    amp bf16 cache ckpt checkpoint checkpoints ckpts class classes comment compile config cpu cuda data
    dataset datasets debug deterministic dev device devices dir directory dist distributed download dry eps
    epsilon eval evaluate every exp epoch epochs start experiment file files fold folder folds fp16 freq
    frequency gpu gpus host id image img interval jobs keep label labels language load local log logger
    logging mlflow mode mps name no notes offline only out output outdir overwrite parallel path plot port
    precision prefix print profile progress project push quick quiet report resume root run sample samples
    save seed show silent split splits st stop subset suffix tag tags target task tensorboard test threads
    tokenizer train trust url user val valid validation verbose version visualize wandb worker workers world
    xpu
""")
OTHER_WORK = _words("resume test eval evaluate predict prediction inference infer generate export")
"""What a script may do in place of training: no choice with one of these is searched."""
RATES = _words("lr eta")
RATE_PAIRS = (("learning", "rate"), ("step", "size"))
NO_RATES = _words("decay gamma warmup factor min scheduler schedule drop step steps end final")
DECAYS = _words("wd l1 l2 reg regularization regularisation penalty")
DECAY_PAIRS = (("weight", "decay"), ("reg", "alpha"), ("reg", "lambda"))
FRACTIONS = _words(
    "dropout drop droprate smoothing mixup cutmix warmup subsample colsample sparsity p prob probability"
)
NEAR_ONE = _words("momentum beta beta1 beta2 betas gamma ema tau discount decay rho polyak lam gae")
SCALES = _words("""
    clip norm temperature temp alpha lambda weight coef coefficient scale entropy margin sigma std var c kl
""")
SIZES = _words("""
    batch bs bsz hidden units width dim dims channels filters embed embedding neurons features d nodes hid
    size emsize nhid ff ffn
""")
COUNTS = _words("layers depth blocks nlayers stages hops")
OTHER_WHOLE = _words("""
    k estimators trees leaves leaf neighbors neighbours clusters components bins kernel rank r warmup degree
    bptt accumulation horizon
""")
SWITCHES = _words("""
    nesterov bn batchnorm batch norm normalize normalise amsgrad bias augment augmentation flip shuffle
    residual skip tie tied warmup cosine ema mixup layernorm bidirectional attention balanced bootstrap
    centered use with dueling double prioritized gate whiten standardize scale weighted early adaptive anneal
    annealing lookahead
""")
EPOCHS = (
    *(
        "epochs",
        "epoch",
        "n_epochs",
        "nepochs",
        "num_epochs",
        "max_epochs",
        "total_epochs",
        "num_train_epochs",
        "n_epoch",
    ),
    *(
        "train_epochs",
        "train_steps",
        "ep",
        "n_rounds",
        "num_rounds",
        "rounds",
        "num_boost_round",
        "n_iter",
        "iterations",
        "max_iter",
    ),
    *("max_iters", "n_iterations", "num_iterations", "max_steps", "num_steps", "n_steps", "steps", "total_steps"),
)
"""Names of the argument that says how far training goes, the surest first."""
COUNTERS = _words("epoch epochs ep round rounds iteration iterations iter step steps")
SMALL = _words("loss losses nll mse rmse mae error err perplexity ppl wer cer cost fid bpb bpc logloss")
LARGE = _words("""
    acc accuracy accuracies f1 auc auroc score reward rewards return returns r2 bleu rouge iou miou map
    precision recall dice psnr ssim kappa mcc top1 top5 acc1 acc5 ndcg hits
""")
HELD_OUT = _words("val valid validation test eval evaluation dev holdout heldout")
BEST = _words("best max min highest lowest")
OF_TRAINING = _words("train training tr batch running")
WRITTEN = _words("""
    out output outputs outdir save saves log logs logdir ckpt ckpts checkpoint checkpoints checkpointing result results
    run runs rundir work workdir exp experiment experiments artifact artifacts tensorboard tb summary savedir
""")
PLACES = _words("dir directory folder path root file to")
WHOLE_PLACES = _words("""
    out output outputs outdir logdir workdir savedir rundir ckpt ckpts checkpoint checkpoints results logs runs
""")
"""Names that say by themselves that something is written there."""
RESUMES = _words("resume resumes restore checkpoint ckpt")
READ_THERE = _words("data dataset load pretrained init input teacher from train test val eval")
SETTINGS = _words("""
    config configs configuration cfg conf setting settings hparams hyperparams hyperparameters params options opts yaml
    json recipe
""")
"""Names of an argument that is a file of settings."""

"""Searchers that choose between paused trials and a new one."""

from __future__ import annotations

import abc
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

import numpy as np

from tunekit_bo.acquisition.improvement import LogExpectedImprovement
from tunekit_bo.models.gp import Surrogate
from tunekit_bo.searchers.gaussian_process import N_ANCHORS
from tunekit_bo.searchers.mobster import Mobster
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import PausedTrial, Promotion, Proposal
from tunekit_core.randomness import Streams

EXPLORING_EVERY = 8
"""One new trial in so many is random. To its first rung it costs little, and a model that has settled on the wrong
region, and goes on refining it, sees nothing else."""


class ChoosingSearcher(Mobster):
    """Gives a free worker the paused trial or the new configuration whose expected improvement is worth most.

    Attributes:
        resource_acq: As the option of ``mobster``, for schedulers that leave no choice.
    """

    resource_acq: ClassVar[Literal["first", "final"]]

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        resource_kernel: Literal["exp-decay-sum", "matern52"] = "matern52",
        num_init_random: int = 6,
        num_init_candidates: int = 250,
        max_size_data_for_model: int = 500,
        num_fantasy_samples: int = 20,
    ) -> None:
        super().__init__(
            problem,
            streams,
            resource_kernel=resource_kernel,
            resource_acq=self.resource_acq,
            num_init_random=num_init_random,
            num_init_candidates=num_init_candidates,
            max_size_data_for_model=max_size_data_for_model,
            num_fantasy_samples=num_fantasy_samples,
        )

    @abc.abstractmethod
    def _judged_at(self, target: int) -> int:
        """The resource at which a trial is expected to improve that would run to ``target`` next."""

    @abc.abstractmethod
    def _effort(self, resource: int) -> float:
        """What the expected improvement of a trial that has come to ``resource``, or 0, is divided by."""

    def choose(self, trial_id: int, paused: Sequence[PausedTrial], *, resource: int) -> Proposal | Promotion | None:
        """The choice with the largest expected improvement for its effort; at first, random configurations.

        Paused trials are compared while they are in the model, so that its size bounds the time of a choice.
        """
        if self._begins():
            proposal = self.suggest(trial_id, resource=resource)
            if proposal is not None or not paused:
                return proposal
        current, note = self._current_fit()
        modelled = [self._observations.trial_ids[i] for i in self._modelled(current)]
        posterior = self._posterior(current, trial_id)
        known = set(modelled)
        choices: list[tuple[float, Proposal | Promotion]] = []
        waiting = self._by_level(trial for trial in paused if trial.trial_id in known)
        start = self._judged_at(resource)
        improvements = {level: self._improvement(posterior, len(modelled), level) for level in {start, *waiting}}
        for level, trials in waiting.items():
            improvement, _ = improvements[level]
            worths = improvement(np.array([self._encoded[trial.trial_id] for trial in trials]))
            worths -= np.log([self._effort(trial.resource) for trial in trials])
            best = int(np.argmax(worths))
            choices.append((float(worths[best]), Promotion(trials[best].trial_id, note)))
        improvement, anchors = improvements[start]
        generator = self.streams.generator(f"{self.name}/candidates", trial_id)
        configuration = self._search.propose(improvement, self._num_init_candidates, anchors, generator)
        if configuration is not None:
            value = improvement(self.problem.space.encode([configuration]))[0] - np.log(self._effort(0))
            explored = self._random.propose(trial_id, self._taken) if self._explores(trial_id) else None
            choices.append((float(value), Proposal(explored or configuration, note)))
        if not choices and paused:
            return Promotion(paused[0].trial_id, note)
        return max(choices, key=lambda choice: choice[0])[1] if choices else None

    def _explores(self, trial_id: int) -> bool:
        """Whether this trial, if it is started, has a random configuration."""
        return trial_id % EXPLORING_EVERY == EXPLORING_EVERY - 1

    def _by_level(self, paused: Iterable[PausedTrial]) -> dict[int, list[PausedTrial]]:
        """Trials by where they are judged."""
        levels: dict[int, list[PausedTrial]] = defaultdict(list)
        for trial in paused:
            levels[self._judged_at(trial.target)].append(trial)
        return levels

    def _improvement(self, posterior: Surrogate, n_data: int, level: int) -> tuple[LogExpectedImprovement, np.ndarray]:
        """Expected improvement at a level, and the encoded configurations that the model holds for the best there.

        What is improved on is the lowest mean of what was observed at the level or is pending there; where nothing was
        observed yet, it is that of all configurations that the model knows.

        Args:
            posterior: The model of the losses, with fantasies of what is pending.
            n_data: How many of its inputs were observed; they come first.
            level: A resource.
        """
        context = self._columns([level])[0]
        width = posterior.X.shape[1] - len(context)
        configurations = np.unique(posterior.X[:, :width], axis=0)
        means = posterior.mean(np.column_stack([configurations, np.broadcast_to(context, (len(configurations), 1))]))
        anchors = configurations[np.argsort(means.mean(axis=1), kind="stable")[:N_ANCHORS]]
        here = (posterior.X[:, width:] == context).all(axis=1)
        if here[:n_data].any():
            means = posterior.mean(posterior.X[here])
        return LogExpectedImprovement(posterior, means.min(axis=0), context), anchors

"""A function that fire calls."""

import fire


def train(lr: float = 0.01, gamma=0.99, bias: bool = True, n_steps: int = 3, env="CartPole"):
    for step in range(n_steps):
        reward = 100 / (1 + lr) - (1 - gamma) - bias / (step + 1)
        print("mean reward:", round(reward, 3), flush=True)


if __name__ == "__main__":
    fire.Fire(train)

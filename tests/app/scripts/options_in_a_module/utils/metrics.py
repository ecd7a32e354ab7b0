class AverageMeter:
    def __init__(self):
        self.sum, self.n = 0.0, 0

    def update(self, value):
        self.sum, self.n = self.sum + value, self.n + 1

    @property
    def avg(self):
        return self.sum / self.n

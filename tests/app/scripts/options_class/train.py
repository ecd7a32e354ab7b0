"""The style of CycleGAN: a class of options that inherits, and a folder of data that has to be named."""

from options import TrainOptions

opt = TrainOptions().parse()
for epoch in range(opt.epoch_count, opt.n_epochs + 1):
    print("End of epoch %d / %d \t G_loss: %.3f D_loss: %.3f" % (epoch, opt.n_epochs, opt.lr * opt.lambda_A, opt.beta1))

"""As much of the library as the script needs."""

import sys

from absl import flags


def run(main):
    flags.FLAGS.parse(sys.argv[1:])
    main(sys.argv[:1])

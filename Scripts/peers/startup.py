"""Times the start of Python with PyTorch, the peer of `augq run` of an empty script."""
import subprocess
import sys

from common import least_ms, report, require_torch

require_torch()
milliseconds = least_ms(lambda: subprocess.run([sys.executable, "-c", "import torch"], check=True), 0, 3)
report("augq run of an empty script", "python -c 'import torch'", 1, milliseconds)

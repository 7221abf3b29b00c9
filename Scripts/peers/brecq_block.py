"""Times one iteration of BRECQ's weight stage on ResNet-20's first block, by the public code of BRECQ on the CPU.

    python brecq_block.py --brecq FOLDER     FOLDER is a clone of yhhhli/BRECQ
"""
import argparse
import contextlib
import sys
import time
import types

from common import report, require_torch

torch = require_torch()


def import_brecq(folder):
    """Imports the public code; CUDA and its cluster library are not needed for one block."""
    sys.modules["linklink"] = types.ModuleType("linklink")
    move = torch.Tensor.to
    torch.Tensor.to = lambda self, *where, **more: move(self, *("cpu" if w == "cuda" else w for w in where), **more)
    torch.cuda.empty_cache = lambda: None
    sys.path.insert(0, folder)
    import models.resnet
    models.resnet.BN = torch.nn.BatchNorm2d
    from quant import QuantModel, block_reconstruction
    return models.resnet.BasicBlock, QuantModel, block_reconstruction


class Steps:
    """Records when Adam steps end."""

    def __enter__(self):
        self.times, self.step = [], torch.optim.Adam.step
        times, step = self.times, self.step

        def timed(optimizer, *arguments, **more):
            result = step(optimizer, *arguments, **more)
            times.append(time.perf_counter())
            return result

        torch.optim.Adam.step = timed
        return self

    def __exit__(self, *_):
        torch.optim.Adam.step = self.step

    def durations(self):
        return sorted(b - a for a, b in zip(self.times, self.times[1:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brecq", required=True, help="a clone of yhhhli/BRECQ")
    options = parser.parse_args()
    basic_block, quant_model, block_reconstruction = import_brecq(options.brecq)
    torch.manual_seed(3)
    images = torch.randn(64, 3, 32, 32)
    nn = torch.nn
    for threads in (1, 2):
        torch.set_num_threads(threads)
        network = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
                                basic_block(16, 16), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)).eval()
        weights = {"n_bits": 2, "channel_wise": True, "scale_method": "mse"}
        activations = {"n_bits": 4, "channel_wise": False, "scale_method": "mse", "leaf_param": False}
        quantized = quant_model(network, weights, activations).eval()
        quantized.set_quant_state(True, False)
        with torch.no_grad():
            quantized(images)
        block = quantized.model[3]
        # The public code prints; standard output is for measurements.
        with contextlib.redirect_stdout(sys.stderr), Steps() as timed:
            block_reconstruction(quantized, block, images, batch_size=32, iters=80, asym=True, warmup=0.2)
        report("BRECQ iteration, ResNet-20's first block, batch 32", "BRECQ's public code", threads, timed.durations()[0] * 1e3)


if __name__ == "__main__":
    main()

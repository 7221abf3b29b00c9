"""Times fake quantization and range search of one million floats in PyTorch, and in the AuGQ authors' code.

    python quantizer.py [--authors FOLDER]     FOLDER is `PTQ` of Ahmed-Mujtaba-98/Augmented-Quantization-AugQ
"""
import argparse
import importlib.util
import os
import warnings

from common import least_ms, report, require_torch

torch = require_torch()
warnings.filterwarnings("ignore")


def load_authors_quantizer(folder):
    """Imports quant/quant_layer.py alone: the package around it needs CUDA."""
    path = os.path.join(folder, "quant", "quant_layer.py")
    specification = importlib.util.spec_from_file_location("authors_quant_layer", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.UniformAffineQuantizer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--authors", help="folder PTQ of the authors' code; its rows are left out without it")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(5)
    x = torch.randn(1 << 20)
    fake = "AuGQ K=4 fake-quant, 1 M floats"
    with torch.no_grad():
        scale = float((x.max() - x.min()) / 12)
        milliseconds = least_ms(lambda: torch.fake_quantize_per_tensor_affine(x, scale, 6, 0, 12))
        report(fake, "torch.fake_quantize_per_tensor_affine", options.threads, milliseconds)
        if not options.authors:
            return
        quantizer = load_authors_quantizer(options.authors)(n_bits=2, scale_method="mse")
        quantizer(x)
        report(fake + ", published", "authors' code", options.threads, least_ms(lambda: quantizer(x)))
        search = least_ms(lambda: quantizer.init_quantization_scale(x), budget=0, least_runs=2)
        report("range search, 1 M floats x 80, published", "authors' code", options.threads, search)


main()

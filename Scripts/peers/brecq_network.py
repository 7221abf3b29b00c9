"""Runs BRECQ's public code on the pretrained CIFAR-10 ResNet-20, on the CPU.

    python brecq_network.py --brecq FOLDER --shared DIR [--steps 40] [--threads 2]     estimates its defaults
    python brecq_network.py --brecq FOLDER --shared DIR --full 2000                    runs it and scores 10,000 images

FOLDER is a clone of yhhhli/BRECQ, DIR the folder above the data pack. The defaults are 20,000 steps of weights and 5,000 of
activations a unit, batch 32; an estimate times --steps of each unit and multiplies. The shortcuts that repeat every second
pixel and add zero channels are 1x1 convolutions of ones and zeros here, as the public code knows no others.
"""
import argparse
import contextlib
import gzip
import sys
import time

import numpy

from brecq_block import Steps, import_brecq
from common import report, require_torch

torch = require_torch()
nn = torch.nn
DEFAULTS = {"weights": 20000, "activations": 5000}


def resnet20(weights, basic_block):
    """The network with the public code's own blocks, in evaluation mode."""
    from safetensors.torch import load_file
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    names = {"0": "conv1", "1": "bn1"}
    channels = 16
    for stage in range(3):
        for block in range(3):
            planes = 16 << stage
            stride = 2 if planes != channels else 1
            shortcut = None
            if stride == 2:
                conv = nn.Conv2d(channels, planes, 1, 2, bias=False)
                conv.weight.data.zero_()
                conv.weight.data[:, 0] = 1e-6  # its range search has no answer for a channel of zeros
                for channel in range(channels):
                    conv.weight.data[planes // 4 + channel, channel] = 1
                shortcut = nn.Sequential(conv, nn.Identity())
            names[str(len(layers))] = f"layer{stage + 1}.{block}"
            layers.append(basic_block(channels, planes, stride, shortcut))
            channels = planes
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    names[str(len(layers) - 1)] = "linear"
    network = nn.Sequential(*layers)
    stored = load_file(weights)
    state = network.state_dict()
    for key in state:
        place, _, rest = key.partition(".")
        if "downsample" not in key and "num_batches" not in key:
            state[key] = stored[f"{names[place]}.{rest}"]
    network.load_state_dict(state)
    return network.eval()


def images(path):
    rows = numpy.frombuffer(gzip.open(path).read(), numpy.uint8).reshape(-1, 3073)
    mean = torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
    pixels = torch.tensor(rows[:, 1:].reshape(-1, 3, 32, 32).astype(numpy.float32)) / 255
    return (pixels - mean) / deviation, torch.tensor(rows[:, 0].astype(numpy.int64))


def score(network, pixels, labels):
    with torch.no_grad():
        found = torch.cat([network(pixels[i:i + 250]).argmax(1) for i in range(0, len(pixels), 250)])
    return 100 * (found == labels).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brecq", required=True, help="a clone of yhhhli/BRECQ")
    parser.add_argument("--shared", default="../shared", help="the folder above the data pack")
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--bits", type=int, nargs=2, default=(4, 4), help="of weights and activations")
    parser.add_argument("--steps", type=int, default=40, help="steps a unit of an estimate")
    parser.add_argument("--full", type=int, help="run this many steps of weights and a quarter of activations")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    basic_block, quant_model, block_reconstruction = import_brecq(options.brecq)
    from quant import BaseQuantBlock, QuantModule, layer_reconstruction
    torch.manual_seed(1005)
    pool, _ = images(f"{options.shared}/data/cifar10/calib_2048.bin.gz")
    data = pool[torch.randperm(len(pool))[:options.samples]]
    network = resnet20(f"{options.shared}/data/models/resnet20_cifar10.safetensors", basic_block)
    if options.full:
        print(f"FP32 {score(network, *images(f'{options.shared}/data/cifar10/test_batch.bin.gz')):.2f}", file=sys.stderr)
    weights = {"n_bits": options.bits[0], "channel_wise": True, "scale_method": "mse"}
    activations = {"n_bits": options.bits[1], "channel_wise": False, "scale_method": "mse", "leaf_param": True}
    quantized = quant_model(network, weights, activations).eval()
    quantized.set_first_last_layer_to_8bit()
    units = [m for m in quantized.model.children() if isinstance(m, (QuantModule, BaseQuantBlock))]
    begin, total = time.perf_counter(), 0.0
    with contextlib.redirect_stdout(sys.stderr):
        for stage, count in DEFAULTS.items():
            quantized.set_quant_state(True, stage == "activations")
            with torch.no_grad():
                quantized(data)
            if stage == "activations":
                quantized.disable_network_output_quantization()
            steps = options.steps if not options.full else options.full if stage == "weights" else options.full // 4
            for unit in units:
                if unit.ignore_reconstruction:
                    continue
                rebuild = layer_reconstruction if isinstance(unit, QuantModule) else block_reconstruction
                common = {"cali_data": data, "iters": steps, "asym": True, "opt_mode": "mse"}
                with Steps() as timed:
                    if stage == "weights":
                        rebuild(quantized, unit, **common, weight=0.01, b_range=(20, 2), warmup=0.2, act_quant=False)
                    else:
                        rebuild(quantized, unit, **common, act_quant=True, lr=4e-4, p=2.4)
                steps_taken = timed.durations()
                total += count * steps_taken[len(steps_taken) // 2]
    if options.full:
        seconds = time.perf_counter() - begin
        quantized.set_quant_state(True, True)
        top1 = score(quantized, *images(f"{options.shared}/data/cifar10/test_batch.bin.gz"))
        print(f"top-1 {top1:.2f} after {options.full} steps of weights a unit, {seconds:.0f} s")
    else:
        report("BRECQ of ResNet-20 at its defaults, estimated", "BRECQ's public code", options.threads, total * 1e3)


if __name__ == "__main__":
    main()

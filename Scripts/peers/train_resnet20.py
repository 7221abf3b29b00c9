"""Times ResNet-20 (CIFAR-10, option-A shortcuts) in PyTorch, channels-last: training step and inference."""
import argparse

from common import least_ms, report, require_torch

torch = require_torch()
nn, functional = torch.nn, torch.nn.functional


class Block(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(filters)
        self.extra = (filters - channels) // 2

    def forward(self, x):
        y = self.norm2(self.conv2(functional.relu(self.norm1(self.conv1(x)))))
        if self.extra:
            x = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.extra, self.extra))
        return functional.relu(x + y)


def resnet20():
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for filters in (16, 32, 64):
        for _ in range(3):
            layers.append(Block(channels, filters, 1 if filters == channels else 2))
            channels = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    torch.manual_seed(3)
    images = torch.rand(128, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (128,))
    for threads in (1, 2):
        torch.set_num_threads(threads)
        model = resnet20().to(memory_format=torch.channels_last).train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)

        def step():
            optimizer.zero_grad(set_to_none=True)
            functional.cross_entropy(model(images), labels).backward()
            optimizer.step()

        report("ResNet-20 training step, batch 128", "PyTorch channels-last", threads, least_ms(step, 3.0))
        model.eval()
        with torch.inference_mode():
            report("ResNet-20 forward, batch 128", "PyTorch channels-last", threads, least_ms(lambda: model(images)))
            if threads == 1:
                report("ResNet-20 forward, batch 1", "PyTorch channels-last", 1, least_ms(lambda: model(images[:1])))


main()

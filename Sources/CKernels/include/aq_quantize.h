// Quantizer kernels: fake quantization, its adjoint, range search (owned by the Quantizers target).
#pragma once
#include <stddef.h>
#include <stdint.h>

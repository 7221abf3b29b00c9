// Element-wise and reduction kernels on FP32 arrays (owned by the Tensors target).
#pragma once
#include <stddef.h>

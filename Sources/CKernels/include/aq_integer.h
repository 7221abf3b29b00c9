// Integer inference kernels (owned by the Inference target).
#pragma once
#include <stddef.h>
#include <stdint.h>

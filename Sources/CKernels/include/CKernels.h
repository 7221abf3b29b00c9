// Umbrella of the SIMD kernels. Kernels work on the caller's memory: no malloc, no threads, no I/O.
#pragma once
#include "aq_isa.h"
#include "aq_tensor.h"
#include "aq_winograd.h"
#include "aq_quantize.h"
#include "aq_integer.h"
#include "aq_reconstruct.h"
#include "aq_closed_form.h"

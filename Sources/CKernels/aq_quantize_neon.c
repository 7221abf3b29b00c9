#if defined(__aarch64__)
#include "aq_quantize_body.h"

const aq_quantize_variant aq_quantize_neon = AQ_QUANTIZE_VARIANT("neon", AQ_ISA_NEON);
#endif

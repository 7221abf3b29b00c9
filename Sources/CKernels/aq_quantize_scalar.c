#include "aq_quantize_body.h"

const aq_quantize_variant aq_quantize_scalar = AQ_QUANTIZE_VARIANT("scalar", AQ_ISA_SCALAR);

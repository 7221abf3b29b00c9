#include "aq_onednn.h"

// Headers only; SwiftPM wants one source.
#include "augq_plugin.h"

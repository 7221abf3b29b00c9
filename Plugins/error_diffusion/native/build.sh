#!/bin/sh
# Compiles the library of this package; the folder of augq_plugin.h may be given.
set -eu
cd "$(dirname "$0")"
include=${1:-../../../Sources/CPluginABI/include}
case $(uname -m) in aarch64 | arm64) machine=arm64 ;; *) machine=$(uname -m) ;; esac
case $(uname -s) in Darwin) system=macos suffix=dylib ;; *) system=linux suffix=so ;; esac
mkdir -p "$machine-$system"
compiler=${CC:-$(command -v cc || command -v clang)}
"$compiler" -std=c11 -O2 -Wall -Wextra -Werror -fPIC -shared -I "$include" error_diffusion.c \
  -o "$machine-$system/liberror_diffusion.$suffix" -lm

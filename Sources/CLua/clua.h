#pragma once
// Debian keeps Lua's headers in a folder of their own; pkg-config, where it is installed, adds it to the search path.
#if __has_include(<lua5.4/lua.h>)
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#else
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#endif

// Child processes: what Swift cannot reach of the C library, because it is an extension there.
#pragma once
#include <sys/types.h>

// Makes a pipe that children do not inherit; ends[0] is read. Returns 0 or an error number.
int aq_pipe(int ends[2]);

// Starts a program in a process group of its own, with default signals and no descriptors but 0 ... count - 1, which are
// `descriptors`; a negative one stands for the parent's descriptor of that number. `folder` may be NULL. Sets *child;
// returns 0 or an error number.
int aq_spawn(pid_t *child, const char *path, char *const arguments[], char *const environment[], const char *folder,
             const int *descriptors, int count);

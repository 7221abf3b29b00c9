#include "CProcess.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

int aq_pipe(int ends[2]) {
#ifdef __linux__
  return pipe2(ends, O_CLOEXEC) ? errno : 0;
#else
  if (pipe(ends)) return errno;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
#endif
}

static void set_attributes(posix_spawnattr_t *attributes) {
  short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setflags(attributes, flags);
  posix_spawnattr_setpgroup(attributes, 0);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &all);
}

static void set_descriptors(posix_spawn_file_actions_t *actions, const int *descriptors, int count) {
  // First to numbers above all that are wanted: a descriptor may have the number that another is to get.
  int spare = count;
  for (int i = 0; i < count; i++)
    if (descriptors[i] >= spare) spare = descriptors[i] + 1;
  for (int i = 0; i < count; i++) posix_spawn_file_actions_adddup2(actions, descriptors[i] < 0 ? i : descriptors[i], spare + i);
  for (int i = 0; i < count; i++) posix_spawn_file_actions_adddup2(actions, spare + i, i);
#ifdef __linux__
  posix_spawn_file_actions_addclosefrom_np(actions, count);
#else
  for (int i = 0; i < count; i++) posix_spawn_file_actions_addclose(actions, spare + i);
#endif
}

int aq_spawn(pid_t *child, const char *path, char *const arguments[], char *const environment[], const char *folder,
             const int *descriptors, int count) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_init(&actions);
  set_attributes(&attributes);
  set_descriptors(&actions, descriptors, count);
  if (folder) posix_spawn_file_actions_addchdir_np(&actions, folder);
  int code = posix_spawn(child, path, &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code;
}

/* Stands between the program and its disk and clock (LD_PRELOAD), for the campaigns.
 *
 * SHIM_FOLDER   everything below counts only for files in this folder
 * SHIM_LOG      where every change of a file is written down, in the order in which it happened
 * SHIM_FAIL     OP#N=ERROR[+]: the N-th OP (write, fsync, ftruncate, any) fails with ENOSPC or EIO, or writes half
 *               (SHORT); with a + every later one fails too
 * SHIM_CLOCK    a file of 8 bytes: nanoseconds to add to the real-time clock, little-endian, read at each look
 *
 * A record of the log: op (1 byte), time in nanoseconds (8), offset (8), length (8), length of the path (2), the path
 * relative to the folder, and for W `length` bytes of data. Ops: W write, T truncate to `offset`, S synced, U unlinked,
 * R renamed (the data is the new path), C created or emptied. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FILES 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_len;
static int log_fd = -1;
static char *paths[FILES]; /* of open files in the folder, relative to it */
static long fail_left = -1;
static int fail_op, fail_error, fail_stays;
static volatile int64_t *clock_offset;
static int ready;

static int raw_openat(int dir, const char *path, int flags, mode_t mode) {
    return (int)syscall(SYS_openat, dir, path, flags, mode);
}

static ssize_t raw_write(int fd, const void *data, size_t n) { return syscall(SYS_write, fd, data, n); }

static void set_up_failure(const char *wish) {
    if (!wish || !*wish) return;
    const char *hash = strchr(wish, '#'), *equals = strchr(wish, '=');
    if (!hash || !equals) return;
    fail_op = wish[0]; /* w, f (fsync), t (ftruncate is written "truncate"), a */
    fail_left = strtol(hash + 1, NULL, 10);
    fail_stays = wish[strlen(wish) - 1] == '+';
    fail_error = !strncmp(equals + 1, "ENOSPC", 6) ? ENOSPC : !strncmp(equals + 1, "EIO", 3) ? EIO : -1;
}

__attribute__((constructor)) static void set_up(void) {
    const char *where = getenv("SHIM_FOLDER"), *log = getenv("SHIM_LOG"), *clock = getenv("SHIM_CLOCK");
    if (where && realpath(where, folder)) folder_len = strlen(folder);
    if (log && *log) log_fd = raw_openat(AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (clock && *clock) {
        int fd = raw_openat(AT_FDCWD, clock, O_RDONLY | O_CLOEXEC, 0);
        if (fd >= 0) {
            void *mapped = mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);
            if (mapped != MAP_FAILED) clock_offset = mapped;
            syscall(SYS_close, fd);
        }
    }
    set_up_failure(getenv("SHIM_FAIL"));
    ready = 1;
}

/* The path relative to the folder, or NULL where it is elsewhere. */
static char *inside(const char *path) {
    if (!ready || !folder_len) return NULL;
    char full[PATH_MAX];
    if (path[0] == '/') {
        if (strlen(path) >= sizeof full) return NULL;
        strcpy(full, path);
    } else {
        if (!getcwd(full, sizeof full) || strlen(full) + strlen(path) + 2 > sizeof full) return NULL;
        strcat(full, "/");
        strcat(full, path);
    }
    if (strncmp(full, folder, folder_len) || full[folder_len] != '/') return NULL;
    const char *rest = full + folder_len + 1;
    /* The index of the write-ahead log is never read after a power cut. */
    size_t n = strlen(rest);
    if (n > 4 && !strcmp(rest + n - 4, "-shm")) return NULL;
    return strdup(rest);
}

static uint64_t now_ns(void) {
    struct timespec t;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void note(char op, const char *path, uint64_t offset, const void *data, uint64_t n) {
    if (log_fd < 0) return;
    char head[27];
    uint64_t at = now_ns();
    uint16_t path_len = (uint16_t)strlen(path);
    head[0] = op;
    memcpy(head + 1, &at, 8);
    memcpy(head + 9, &offset, 8);
    memcpy(head + 17, &n, 8);
    memcpy(head + 25, &path_len, 2);
    struct iovec parts[3] = {{head, 27}, {(void *)path, path_len}, {(void *)data, data ? n : 0}};
    syscall(SYS_writev, log_fd, parts, 3);
}

/* What this call should do instead: 0 go on, an errno, or -1 for half of it. */
static int wanted_failure(char op) {
    if (fail_left < 0 || (fail_op != 'a' && fail_op != op)) return 0;
    if (fail_left > 0 && --fail_left > 0) return 0;
    if (fail_left == 0) {
        if (!fail_stays) fail_left = -1;
        return fail_error;
    }
    return 0;
}

static const char *path_of(int fd) { return fd >= 0 && fd < FILES ? paths[fd] : NULL; }

static void opened(int fd, const char *path, int flags) {
    if (fd < 0 || fd >= FILES) return;
    char *rest = inside(path);
    pthread_mutex_lock(&lock);
    free(paths[fd]);
    paths[fd] = rest;
    struct stat st;
    if (rest && (flags & (O_CREAT | O_TRUNC)) && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size == 0)
        note('C', rest, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
}

static int open_any(int dir, const char *path, int flags, mode_t mode) {
    int fd = raw_openat(dir, path, flags, mode);
    if (fd < 0) return fd;
    if (dir == AT_FDCWD || path[0] == '/') opened(fd, path, flags);
    return fd;
}

#define MODE                                    \
    mode_t mode = 0;                            \
    if (flags & (O_CREAT | O_TMPFILE)) {        \
        va_list more;                           \
        va_start(more, flags);                  \
        mode = va_arg(more, mode_t);            \
        va_end(more);                           \
    }

int open(const char *path, int flags, ...) { MODE return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return open_any(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE return open_any(dir, path, flags, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE return open_any(dir, path, flags | O_LARGEFILE, mode); }

int close(int fd) {
    if (fd >= 0 && fd < FILES && paths[fd]) {
        pthread_mutex_lock(&lock);
        free(paths[fd]);
        paths[fd] = NULL;
        pthread_mutex_unlock(&lock);
    }
    return (int)syscall(SYS_close, fd);
}

static ssize_t write_at(int fd, const void *data, size_t n, off64_t offset, int moves) {
    pthread_mutex_lock(&lock);
    const char *path = path_of(fd);
    if (!path) {
        pthread_mutex_unlock(&lock);
        return moves ? raw_write(fd, data, n) : syscall(SYS_pwrite64, fd, data, n, offset);
    }
    int fails = wanted_failure('w');
    if (fails > 0) {
        pthread_mutex_unlock(&lock);
        errno = fails;
        return -1;
    }
    if (fails < 0) n /= 2;
    if (moves) {
        int flags = (int)syscall(SYS_fcntl, fd, F_GETFL);
        offset = syscall(SYS_lseek, fd, 0, flags >= 0 && (flags & O_APPEND) ? SEEK_END : SEEK_CUR);
    }
    ssize_t done = moves ? raw_write(fd, data, n) : syscall(SYS_pwrite64, fd, data, n, offset);
    int kept = errno;
    if (done > 0) note('W', path, (uint64_t)offset, data, (uint64_t)done);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

ssize_t write(int fd, const void *data, size_t n) { return write_at(fd, data, n, 0, 1); }
ssize_t pwrite(int fd, const void *data, size_t n, off_t offset) { return write_at(fd, data, n, offset, 0); }
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t offset) { return write_at(fd, data, n, offset, 0); }

/* Pieces one by one: what was written down is what was written. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!path_of(fd)) return syscall(SYS_writev, fd, parts, count);
    ssize_t total = 0;
    for (int n = 0; n < count; n++) {
        if (!parts[n].iov_len) continue;
        ssize_t done = write(fd, parts[n].iov_base, parts[n].iov_len);
        if (done < 0) return total ? total : -1;
        total += done;
        if ((size_t)done < parts[n].iov_len) break;
    }
    return total;
}

static int sync_any(int fd, long call) {
    pthread_mutex_lock(&lock);
    const char *path = path_of(fd);
    int fails = path ? wanted_failure('f') : 0;
    if (fails) {
        pthread_mutex_unlock(&lock);
        errno = fails > 0 ? fails : EIO;
        return -1;
    }
    int done = (int)syscall(call, fd);
    int kept = errno;
    if (path && !done) note('S', path, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int fsync(int fd) { return sync_any(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_any(fd, SYS_fdatasync); }

static int truncate_to(int fd, off64_t size) {
    pthread_mutex_lock(&lock);
    const char *path = path_of(fd);
    int fails = path ? wanted_failure('t') : 0;
    if (fails) {
        pthread_mutex_unlock(&lock);
        errno = fails > 0 ? fails : EIO;
        return -1;
    }
    int done = (int)syscall(SYS_ftruncate, fd, size);
    int kept = errno;
    if (path && !done) note('T', path, (uint64_t)size, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int ftruncate(int fd, off_t size) { return truncate_to(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncate_to(fd, size); }

int unlink(const char *path) {
    char *rest = inside(path);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_unlink, path);
    int kept = errno;
    if (rest && !done) note('U', rest, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    free(rest);
    errno = kept;
    return done;
}

int rename(const char *from, const char *to) {
    char *old = inside(from), *new = inside(to);
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_rename, from, to);
    int kept = errno;
    if (old && new && !done) note('R', old, 0, new, strlen(new));
    pthread_mutex_unlock(&lock);
    free(old);
    free(new);
    errno = kept;
    return done;
}

static void shift(struct timespec *t) {
    if (!clock_offset) return;
    int64_t ns = (int64_t)t->tv_sec * 1000000000ll + t->tv_nsec + *clock_offset;
    t->tv_sec = ns / 1000000000ll;
    t->tv_nsec = ns % 1000000000ll;
}

int clock_gettime(clockid_t which, struct timespec *t) {
    int done = (int)syscall(SYS_clock_gettime, which, t);
    if (!done && which == CLOCK_REALTIME) shift(t);
    return done;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

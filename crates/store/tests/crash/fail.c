/* Fails calls on the store's file: FAIL_KIND says which and how, FAIL_AFTER after how many that succeed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_kind(const char *kind) {
    const char *wanted = getenv("FAIL_KIND");
    return wanted && !strcmp(wanted, kind);
}

static int is_due(void) {
    static int calls;
    const char *after = getenv("FAIL_AFTER");
    return __sync_add_and_fetch(&calls, 1) > (after ? atoi(after) : 0);
}

static int is_data(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    return length >= 8 && !memcmp(path + length - 8, "data.mdb", 8);
}

static int fail(void) {
    errno = EIO;
    return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fdatasync(int fd) {
    return is_kind("sync") && is_due() ? fail() : REAL(fdatasync)(fd);
}

int msync(void *at, size_t length, int flags) {
    int (*real)(void *, size_t, int) = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "msync");
    return is_kind("sync") && is_due() ? fail() : real(at, length, flags);
}

/* What becomes of a write of `length` bytes: -1 fails it, -2 does it and fails it, else so many bytes of it are written. */
static ssize_t fate(int fd, size_t length) {
    int wanted = is_kind("write") || is_kind("short") || is_kind("late");
    if (!wanted || !is_data(fd) || !is_due()) return length;
    return is_kind("write") ? -1 : is_kind("late") ? -2 : (ssize_t)(length / 2);
}

static ssize_t written(int fd, const void *from, size_t length, off_t at) {
    ssize_t may = fate(fd, length);
    if (may == -1) return fail();
    ssize_t done = REAL(pwrite)(fd, from, may == -2 ? length : (size_t)may, at);
    return may == -2 ? fail() : done;
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t at) { return written(fd, from, length, at); }
ssize_t pwrite64(int fd, const void *from, size_t length, off_t at) { return written(fd, from, length, at); }

ssize_t write(int fd, const void *from, size_t length) {
    ssize_t may = fate(fd, length);
    if (may == -1) return fail();
    ssize_t done = REAL(write)(fd, from, may == -2 ? length : (size_t)may);
    return may == -2 ? fail() : done;
}

static size_t size_of(const struct iovec *parts, int count) {
    size_t length = 0;
    for (int at = 0; at < count; at++) length += parts[at].iov_len;
    return length;
}

/* Short writes end within the first part. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    ssize_t may = fate(fd, size_of(parts, count));
    if (may == -1) return fail();
    if (may >= 0 && (size_t)may < size_of(parts, count)) return REAL(write)(fd, parts[0].iov_base, parts[0].iov_len / 2);
    ssize_t done = REAL(writev)(fd, parts, count);
    return may == -2 ? fail() : done;
}

static ssize_t written_parts(int fd, const struct iovec *parts, int count, off_t at) {
    ssize_t may = fate(fd, size_of(parts, count));
    if (may == -1) return fail();
    if (may >= 0 && (size_t)may < size_of(parts, count))
        return REAL(pwrite)(fd, parts[0].iov_base, parts[0].iov_len / 2, at);
    ssize_t done = REAL(pwritev)(fd, parts, count, at);
    return may == -2 ? fail() : done;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return written_parts(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return written_parts(fd, parts, count, at); }

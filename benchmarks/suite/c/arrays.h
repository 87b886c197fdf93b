// What every twin needs: named arrays from one file, memory, and messages.
#pragma once
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define INLINE static inline __attribute__((always_inline))

typedef struct {
    char name[56];
    int64_t kind; // 0 float, 1 double, 2 int32, 3 int64, 4 uint32, 5 int16
    int64_t count, offset;
} entry;

static struct { char *bytes; entry *entries; int64_t n; } file;

static void fail(const char *what, const char *name) {
    fprintf(stderr, "twin: %s %s\n", what, name);
    exit(1);
}

// Zeroed memory on huge pages where the system gives them, as NumPy asks for: tables of plans are read at random.
static void *memory(size_t bytes) {
    size_t page = (size_t)1 << 21, size = bytes < page ? (bytes + 63) / 64 * 64 : (bytes + page - 1) / page * page;
    void *at = aligned_alloc(bytes < page ? 64 : page, size ? size : 64);
    if (!at) fail("no memory for", "arrays");
    if (bytes >= page) madvise(at, size, MADV_HUGEPAGE);
    return memset(at, 0, size);
}

static void open_arrays(const char *path) {
    int handle = open(path, O_RDONLY);
    struct stat about;
    if (handle < 0 || fstat(handle, &about)) fail("cannot read", path);
    file.bytes = memory((size_t)about.st_size);
    for (int64_t done = 0; done < about.st_size;) {
        ssize_t got = read(handle, file.bytes + done, (size_t)(about.st_size - done));
        if (got <= 0) fail("cannot read", path);
        done += got;
    }
    close(handle);
    file.n = *(int64_t *)file.bytes;
    file.entries = (entry *)(file.bytes + 64);
}

static const entry *find(const char *name) {
    for (int64_t i = 0; i < file.n; i++)
        if (!strcmp(file.entries[i].name, name)) return file.entries + i;
    fail("no array named", name);
    return NULL;
}

static const void *array(const char *name, int64_t kind) {
    const entry *found = find(name);
    if (found->kind != kind) fail("another kind of numbers in", name);
    return file.bytes + found->offset;
}

static double number(const char *name) {
    const entry *found = find(name);
    const void *at = file.bytes + found->offset;
    switch (found->kind) {
    case 0: return *(const float *)at;
    case 1: return *(const double *)at;
    case 2: return *(const int32_t *)at;
    case 3: return (double)*(const int64_t *)at;
    default: return *(const uint32_t *)at;
    }
}

/*
 * A file as it was at one moment, for those who read it later and only by a path.
 */
#ifndef BASE_SNAPSHOT_H
#define BASE_SNAPSHOT_H

enum { SNAPSHOT_PATH = 32 };

/* Zeroed: none. A plain copy of it may be used as long as the original is not dropped. */
struct snapshot {
	int fd;
	char path[SNAPSHOT_PATH];       /* where this process, and those it forks, can read the copy; "": none */
};

/*
 * Copies what is in the file `path` into memory, with its mode. Returns 0, or -1: it cannot be read, or this machine
 * has no such copies. Free with snapshot_drop(), which accepts a zeroed one.
 */
int snapshot_take(struct snapshot *snapshot, const char *path);
void snapshot_drop(struct snapshot *snapshot);

#endif

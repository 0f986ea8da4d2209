/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to store: the folders of a directory. A file in a folder is durable only when the folder's own name
 * is, and one that is there may have been made by a run that was killed before it synced that name.
 */
#ifndef STORE_FOLDERS_H
#define STORE_FOLDERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct folders {
	int root;          /* borrowed */
	const char *path;  /* of the root, for messages; borrowed */
	pthread_mutex_t lock;
	char **durable;    /* sorted; their names were synced by us */
	size_t count;
};

void folders_init(struct folders *f, int root, const char *path);
void folders_release(struct folders *f);
/*
 * Makes the folder (".": the root) and what is above it; all names on the way are durable afterwards. Costs
 * nothing when it was called before, unless `is_gone`: then nothing that is remembered counts.
 */
int folders_make(struct folders *f, const char *folder, bool is_gone, struct err *e);
/* The names in the folder are durable. */
int folders_sync(const struct folders *f, const char *folder, struct err *e);
/* The folder part of a key; "." for the root. The caller frees. */
char *folder_of(const char *key);
/* mkdir -p of a root; its name, and those of all that had to be made for it, are durable. */
int folder_make_root(const char *path, struct err *e);

#endif

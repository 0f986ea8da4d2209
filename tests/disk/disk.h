/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording of what was done to the files below a folder, and the states that a power cut may leave of
 * it. Strict: data counts once its file was synced, a name (made, moved or removed) once its folder was;
 * before that each may be there or not, on its own.
 */
#ifndef DISK_DISK_H
#define DISK_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct disk;

/* What the cut leaves of a file that was written since it was last synced. */
enum disk_data { DISK_DATA_OLD, DISK_DATA_TORN, DISK_DATA_ZEROS, DISK_DATA_NEW, DISK_DATAS };
/* Which names are as they are now; the others are as at their folder's last sync. */
enum disk_names { DISK_NAMES_NONE, DISK_NAMES_ODD, DISK_NAMES_EVEN, DISK_NAMES_ALL, DISK_NAMES };
/* Syncs that are taken for done though they did nothing: the test's own test. */
enum disk_lie { DISK_HONEST, DISK_FILES_LIE, DISK_FOLDERS_LIE, DISK_LIES };

/* The folder (absolute path) is there, and all in it is durable; what lies elsewhere is ignored. */
struct disk *disk_new(const char *root);
void disk_free(struct disk *d);

/* To be told behind each call that went well; `path` is absolute. Not safe by several threads at once. */
void disk_name(struct disk *d, const char *path, bool is_new_file);
void disk_folder(struct disk *d, const char *path);
void disk_gone(struct disk *d, const char *path);
void disk_written(struct disk *d, int fd);
void disk_synced(struct disk *d, int fd);
/* From here on everything up to `mark` must survive. */
void disk_mark(struct disk *d, uint32_t mark);

/* Replay: before the first call; then one call further, false behind the last one. */
void disk_rewind(struct disk *d, enum disk_lie lie);
bool disk_next(struct disk *d);
uint32_t disk_calls(const struct disk *d);  /* replayed so far */
uint32_t disk_marked(const struct disk *d); /* the last mark passed, 0: none */
/*
 * Makes the state after a cut here in `folder`, which is emptied first. false, and nothing is made, when
 * the same one, with the same mark, was made since the rewind.
 */
bool disk_cut(struct disk *d, enum disk_data data, enum disk_names names, const char *folder);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "target/lake_slot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOTS_MAX 10000u

int lake_make_folder(const char *path, struct err *e)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return 0;
	return err_system(e, "could not make the directory \"%s\"", path);
}

/* 1: another process has it. */
static int try_slot(struct lake_slot *s, const char *folder, uint32_t number, struct err *e)
{
	struct buffer path = { 0 };
	int rc;

	buffer_format(&path, "%s/%u", folder, number);
	rc = lake_make_folder(buffer_string(&path), e);
	buffer_text(&path, "/lock");
	if (rc == 0)
		s->lock_file = open(buffer_string(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (rc == 0 && s->lock_file < 0)
		rc = err_system(e, "could not open \"%s\"", buffer_string(&path));
	buffer_release(&path);
	s->number = number;
	if (rc < 0 || flock(s->lock_file, LOCK_EX | LOCK_NB) == 0)
		return rc;
	lake_slot_release(s);
	return 1;
}

int lake_slot_take(struct lake_slot *s, const char *folder, struct err *e)
{
	int rc = s->lock_file >= 0 ? 0 : 1;

	for (uint32_t number = 0; rc == 1 && number < SLOTS_MAX; number++)
		rc = try_slot(s, folder, number, e);
	return rc == 1 ? err_set(e, ERR_IO, "\"%s\": all of %u folders are taken", folder, SLOTS_MAX) : rc;
}

uint32_t lake_slot_count(const char *folder)
{
	struct buffer path = { 0 };
	uint32_t count = 0;
	struct stat st;

	for (; count < SLOTS_MAX; count++) {
		buffer_clear(&path);
		buffer_format(&path, "%s/%u", folder, count);
		if (stat(buffer_string(&path), &st) != 0)
			break;
	}
	buffer_release(&path);
	return count;
}

void lake_slot_release(struct lake_slot *s)
{
	if (s->lock_file >= 0)
		close(s->lock_file);
	*s = (struct lake_slot)LAKE_SLOT_INIT;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file from anybody: read, and given to a command's settings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/groups.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The reason is one line, whatever the file holds. */
static void check_reason(const struct err *e)
{
	if (strpbrk(e->text, "\n\r\033") != NULL)
		abort();
}

static void load_settings(const char *path)
{
	char flag[] = "--config", file[64];
	char *words[] = { flag, file };
	struct err e = ERR_INIT;
	struct settings s;

	snprintf(file, sizeof(file), "%s", path);
	if (settings_load(&s, &cmd_run, 2, words, &e) < 0)
		check_reason(&e);
	settings_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/tmp/tailrace-fuzz-XXXXXX";
	int fd = mkstemp(path);
	struct err e = ERR_INIT;
	struct config c;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	if (config_read(&c, path, &e) < 0)
		check_reason(&e);
	config_release(&c);
	load_settings(path);
	unlink(path);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds the saved inputs of one fuzz target to it and speaks TAP: build/…/replay/fuzz_NAME reads
 * tests/fuzz/corpus/NAME/.
 */
#include <dirent.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (file == NULL)
		return -1;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	data = malloc(size > 0 ? (size_t)size : 1); /* its own block: sanitizers see its end */
	if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size)
		size = -1;
	fclose(file);
	if (size >= 0)
		LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return size < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	const char *name = basename(argv[0]) + strlen("fuzz_");
	char folder[512], path[1024];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	(void)argc;
	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", name);
	dir = opendir(folder);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		printf("%s %d - %s %s\n", replay_file(path) == 0 ? "ok" : "not ok", ++count, name,
		       entry->d_name);
		fflush(stdout);
	}
	if (dir != NULL)
		closedir(dir);
	if (count == 0)
		printf("not ok %d - %s has saved inputs\n", ++count, folder);
	printf("1..%d\n", count);
	return 0;
}

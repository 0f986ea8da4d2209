/* SPDX-License-Identifier: Apache-2.0 */
#include "target/lake_face.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

/* Where the face cannot be read an updated row gets a new id: it is never one that another row has. */
static int64_t first_row_id(void *context, const char *path)
{
	const struct lake_face *f = context;
	struct err unknown = ERR_INIT;
	int64_t id = -1;

	if (f->follow != NULL && f->failure.kind == ERR_NONE)
		(void)follow_first_row_id(f->follow, path, &id, &unknown);
	return id;
}

void lake_face_init(struct lake_face *f, const struct lake_options *options, const struct schema *name)
{
	if (strcmp(options->table_format, "both") != 0)
		return;
	*f = (struct lake_face){ .options = options, .database = memory_copy_text(name->database),
				 .table = memory_copy_text(name->table), .lineage = { first_row_id, f } };
}

const struct row_lineage *lake_face_lineage(const struct lake_face *f)
{
	return f->options != NULL && f->options->iceberg_version >= 3 ? &f->lineage : NULL;
}

static int face_open(struct lake_face *f, struct store *store, struct err *e)
{
	const struct follow_settings settings = {
		.catalog = f->options->iceberg_catalog,
		.namespace = f->database,
		.name = f->table,
		.format_version = (int)f->options->iceberg_version,
	};

	return f->follow != NULL ? 0 : follow_open(&f->follow, store, &settings, e);
}

/* Once until it changes. */
static void warn(struct lake_face *f)
{
	char quoted[900];

	if (f->failure.kind != ERR_NONE && (f->warned == NULL || strcmp(f->warned, f->failure.text) != 0))
		log_warn("the table is whole, but its Iceberg metadata stays behind", "table=%s.%s why=%s", f->database, f->table,
			 log_quote(quoted, sizeof(quoted), f->failure.text));
	if (f->failure.kind == ERR_NONE && f->warned != NULL)
		log_info("the Iceberg metadata has caught up", "table=%s.%s", f->database, f->table);
	memory_free(f->warned);
	f->warned = f->failure.kind != ERR_NONE ? memory_copy_text(f->failure.text) : NULL;
}

int lake_face_up(struct lake_face *f, struct store *store, struct table *table)
{
	struct err e = ERR_INIT;
	int rc;

	if (f->options == NULL)
		return 0;
	rc = face_open(f, store, &e);
	if (rc == 0)
		rc = follow_up(f->follow, table, &e);
	if (rc < 0) { /* the next try begins anew: the face may have been removed meanwhile */
		follow_close(f->follow);
		f->follow = NULL;
	}
	f->failure = e;
	f->tried_us = clock_monotonic_us();
	warn(f);
	return rc;
}

bool lake_face_is_due(const struct lake_face *f, int64_t now_us)
{
	if (f->options == NULL)
		return false;
	return f->tried_us == 0 || (f->failure.kind != ERR_NONE && now_us - f->tried_us >= FACE_RETRY_US);
}

void lake_face_close(struct lake_face *f)
{
	follow_close(f->follow);
	memory_free(f->warned);
	memory_free(f->database);
	memory_free(f->table);
	*f = (struct lake_face){ .options = NULL };
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "cli/table_name.h"
#include "table/iceberg/follow.h"
#include "table/iceberg/iceberg.h"

struct view_options {
	char *catalog;
};

static const struct option view_table[] = {
	{ "iceberg.catalog", OPTION_TEXT, offsetof(struct view_options, catalog), NULL, 0, 0, NULL,
	  "sqlite:///FILE, postgresql://…, https://…: TABLE is the name of an Iceberg table there, such as shop.orders" },
	{ 0 },
};

const struct option_group view_group = { "Table", view_table, sizeof(struct view_options), NULL, true };

static int check_found(struct table_view *v, const char *path, struct err *e)
{
	char table[600], why[600];

	if (table_warning(v->table) != NULL)
		log_warn("the table is whole, but its log is not in order", "table=%s why=%s",
			 log_quote(table, sizeof(table), path),
			 log_quote(why, sizeof(why), table_warning(v->table)));
	v->snapshot = table_snapshot(v->table);
	if (v->snapshot->version < 0)
		return err_set(e, ERR_CONFIG,
			       "there is no table in \"%s\": give a table's own folder, such as "
			       "lake/shop/orders", path);
	return 0;
}

int table_view_open(struct table_view *out, const char *path, int64_t version, struct err *e)
{
	*out = (struct table_view){ .is_folder = true };
	out->store = store_open_directory(path, false, e);
	if (out->store == NULL)
		return -1;
	if (table_open_read(&out->table, out->store, version, e) < 0)
		return err_wrap(e, "table \"%s\"", path);
	return check_found(out, path, e);
}

/* The Iceberg side's files lie in the folder above. */
static int open_face(struct table_view *out, const char *path, const char *above, int64_t version, struct err *e)
{
	out->store = store_open_directory(above, false, e);
	if (out->store == NULL)
		return -1;
	if (iceberg_open_face(&out->table, out->store, version, e) < 0)
		return err_wrap(e, "table \"%s\"", path);
	return check_found(out, path, e);
}

static int open_named(struct table_view *out, const char *catalog, const char *text, int64_t version, struct err *e)
{
	struct iceberg_settings settings = { .catalog = catalog };
	struct table_name name;
	int rc = -1;

	table_name_take(&name, text);
	settings.namespace = name.namespace;
	settings.name = name.name;
	out->store = store_open_directory("/", false, e);
	if (out->store != NULL)
		rc = iceberg_open_named(&out->table, out->store, &settings, version, e);
	if (rc == 0) {
		out->snapshot = table_snapshot(out->table);
		if (out->snapshot->version < 0)
			rc = err_set(e, ERR_CONFIG, "the catalog has no table \"%s\" in the namespace \"%s\"", name.name,
				     name.namespace);
	}
	table_name_release(&name);
	return rc;
}

/* What lies above "…/_iceberg", wherever links lead; NULL: it is no such path. The caller's to free with free(). */
static char *above_face(const char *path)
{
	char *whole = realpath(path, NULL), *slash = whole != NULL ? strrchr(whole, '/') : NULL;

	if (slash == NULL || strcmp(slash + 1, FACE_FOLDER) != 0) {
		free(whole);
		return NULL;
	}
	slash[slash == whole] = '\0';
	return whole;
}

int table_view_find(struct table_view *out, const struct settings *s, int64_t version, struct err *e)
{
	const struct view_options *o = settings_of(s, &view_group);
	char *above;
	int rc;

	*out = (struct table_view){ .store = NULL };
	if (o->catalog != NULL)
		return open_named(out, o->catalog, s->argument, version, e);
	above = above_face(s->argument);
	if (above == NULL)
		return table_view_open(out, s->argument, version, e);
	rc = open_face(out, s->argument, above, version, e);
	free(above);
	return rc;
}

void table_view_release(struct table_view *v)
{
	table_close(v->table);
	store_close(v->store);
}

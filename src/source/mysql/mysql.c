/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/mysql.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "source/mysql/copy.h"
#include "source/mysql/resume.h"
#include "source/mysql/selection.h"
#include "source/mysql/stream.h"

#define OPTION(field) offsetof(struct mysql_options, field)

const struct option mysql_option_table[] = {
	{ "tables", OPTION_TEXT, OPTION(tables), NULL, 0, 0, NULL,
	  "Tables to capture, separated by commas: db.table, with * for any run of characters" },
	{ "exclude_tables", OPTION_TEXT, OPTION(exclude_tables), NULL, 0, 0, NULL,
	  "Tables not to capture, written as for --tables" },
	{ "from.password_file", OPTION_TEXT, OPTION(password_file), NULL, 0, 0, NULL,
	  "File with the source's password; else the systemd credential from-password, else MYSQL_PWD" },
	{ "from.ca", OPTION_TEXT, OPTION(ca_file), NULL, 0, 0, NULL,
	  "Certificate of the authority that signed the server's certificate (PEM)" },
	{ "tls", OPTION_CHOICE, OPTION(tls), "verify", 0, 0, "verify|off",
	  "Whether the connection is encrypted and the server verified; loopback and sockets are plain "
	  "unless --from-ca is given" },
	{ "server_id", OPTION_INT, OPTION(server_id), "0", 0, UINT32_MAX, NULL,
	  "Our own server id in the replication protocol; 0 takes one that is unlikely to be in use" },
	{ "copy.connections", OPTION_INT, OPTION(connections), "2", 1, 64, NULL,
	  "Connections that copy side by side" },
	{ "copy.chunk_rows_max", OPTION_INT, OPTION(chunk_rows_max), "250000", 1, 100000000, NULL,
	  "Rows that one query of the copy reads at most" },
	{ "copy.chunk_bytes_max", OPTION_BYTES, OPTION(chunk_bytes_max), "64MiB", 65536, INT64_MAX, NULL,
	  "Bytes that one query of the copy reads at most, by estimate" },
	{ 0 },
};

/* Silence of a query; what a dead peer is noticed by is the kernel's keep-alive. */
#define QUERY_TIMEOUT_S 3600

struct mysql_source {
	struct source source; /* first */
	const struct mysql_options *options;
	struct mysql_url url;
	struct selection selection;
	struct server server;
	struct charset_list *charsets;
	struct captured_list tables;
	struct copy_position copy_position; /* the sink's until close */
	struct outlet outlet;               /* the same */
	bool has_outlet;
	volatile bool is_stopping;
};

static struct mysql_source *source_of(const struct source *s)
{
	return (struct mysql_source *)s;
}

static struct connection_settings connection_settings(const struct mysql_source *s)
{
	return (struct connection_settings){
		.url = &s->url,
		.tls = s->options->tls,
		.ca_file = s->options->ca_file,
		.password_file = s->options->password_file,
		.stop = &s->is_stopping,
		.read_timeout_s = QUERY_TIMEOUT_S,
	};
}

/* Before the schemas are shared. */
static int add_defaults(struct mysql_source *s, struct catalog *catalog, struct connection *c, struct err *e)
{
	for (uint32_t i = 0; i < catalog->table_count; i++) {
		if (catalog_add_defaults(&catalog->tables[i], &s->server, c, e) < 0)
			return -1;
	}
	return 0;
}

static int source_open(struct source *source, const struct sink *to, struct err *e)
{
	struct mysql_source *s = source_of(source);
	struct connection_settings settings = connection_settings(s);
	struct connection *c = NULL;
	struct catalog catalog = { 0 };
	int rc;

	if (mysql_url_parse(&s->url, s->options->url, e) < 0 ||
	    selection_make(&s->selection, &s->url, s->options->tables, s->options->exclude_tables, e) < 0)
		return -1;
	rc = connection_open(&c, &settings, e);
	if (rc == 0)
		rc = server_read(&s->server, c, e);
	if (rc == 0)
		rc = server_check(&s->server, e);
	s->server.has_declared_keys = to->wants_declared_key;
	if (rc == 0)
		rc = catalog_read(&catalog, &s->server, &s->selection, c, e);
	if (rc == 0 && to->wants_defaults && add_defaults(s, &catalog, c, e) < 0) {
		catalog_release(&catalog);
		rc = -1;
	}
	connection_close(c);
	if (rc == 0) {
		captured_take(&s->tables, &catalog);
		s->tables.folds_names = s->server.folds_names;
		s->charsets = catalog.charsets;
	}
	return rc;
}

static uint32_t source_table_count(const struct source *source)
{
	return source_of(source)->tables.count;
}

static struct schema *source_table(const struct source *source, uint32_t i)
{
	return source_of(source)->tables.tables[i].first_schema;
}

static void source_progress(const struct source *source, uint32_t i, struct table_progress *out)
{
	struct captured *t = &source_of(source)->tables.tables[i];

	out->rows_copied = atomic_load(&t->rows_copied);
	out->rows_expected = atomic_load(&t->rows_expected);
}

/* Two clients of one server must differ; the upper half is rarely given out by people. */
static uint32_t own_server_id(const struct mysql_options *o)
{
	struct timespec now;
	uint64_t h = 1469598103934665603u;
	char host[256] = "";

	if (o->server_id != 0)
		return (uint32_t)o->server_id;
	(void)gethostname(host, sizeof(host) - 1);
	clock_gettime(CLOCK_REALTIME, &now);
	for (const char *at = host; *at != '\0'; at++)
		h = (h ^ (unsigned char)*at) * 1099511628211u;
	h = (h ^ (uint64_t)getpid()) * 1099511628211u;
	h = (h ^ (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30) * 1099511628211u;
	return (uint32_t)(h >> 32) | 0x80000000u;
}

static int copy_tables(struct mysql_source *s, struct sink *sink, struct err *e)
{
	struct copy_settings settings = {
		.connection = connection_settings(s),
		.connections = (uint32_t)s->options->connections,
		.chunk_rows_max = (uint64_t)s->options->chunk_rows_max,
		.chunk_bytes_max = (uint64_t)s->options->chunk_bytes_max,
		.invalid_halts = s->options->invalid_values != NULL &&
				 strcmp(s->options->invalid_values, "halt") == 0,
		.stop = &s->is_stopping,
	};

	return copy_run(&settings, &s->server, &s->tables, &s->copy_position, sink, e);
}

static int follow(struct mysql_source *s, const char *stream_start, bool until_now, struct sink *sink,
		  struct err *e)
{
	struct stream_settings settings = {
		.connection = connection_settings(s),
		.server_id = own_server_id(s->options),
		.invalid_halts = s->options->invalid_values != NULL &&
				 strcmp(s->options->invalid_values, "halt") == 0,
		.with_defaults = sink->wants_defaults,
		.stop = &s->is_stopping,
	};
	struct mysql_position start = { 0 };
	int rc = resume_choose(&start, &s->tables, stream_start, s->server.is_mariadb, e);

	if (rc == 0) {
		start.base.sequence = s->copy_position.base.sequence;
		start.format_copy = captured_format;
		start.copy_context = &s->tables;
		outlet_init(&s->outlet, sink, &s->tables);
		s->has_outlet = true;
		rc = stream_run(&settings, &s->server, &s->tables, s->charsets, &start, until_now,
				&s->outlet, e);
	}
	mysql_position_release(&start);
	return rc;
}

/* What the target lacks is announced with its DEFAULTs before the table's first row; a copy has no such place. */
static int take_lacking(struct captured *t, const bool *lacks, struct err *e)
{
	const struct schema *s = t->first_schema;

	if (lacks == NULL)
		return 0;
	if (t->copy.is_open)
		return err_set(e, ERR_CONFIG, "table %s.%s was altered while it was copied; " COPY_ANEW, s->database, s->table);
	t->lacks = memory_copy(lacks, s->field_count * sizeof(*lacks));
	return 0;
}

static int source_run(struct source *source, const struct table_start *starts,
		      const char *stream_start, bool until_now, struct sink *sink, struct err *e)
{
	struct mysql_source *s = source_of(source);
	int rc = 0;

	for (uint32_t i = 0; i < s->tables.count && rc == 0; i++) {
		if (starts[i].position != NULL)
			rc = captured_resume(&s->tables.tables[i], starts[i].position,
					     s->server.is_mariadb, e);
		if (rc == 0)
			rc = take_lacking(&s->tables.tables[i], starts[i].lacks, e);
	}
	if (rc == 0)
		rc = copy_tables(s, sink, e);
	if (rc == 0)
		rc = follow(s, stream_start, until_now, sink, e);
	return rc < 0 && e->kind == ERR_STOP && s->is_stopping ? 0 : rc;
}

static void source_stop(struct source *source)
{
	source_of(source)->is_stopping = true;
}

static void source_close(struct source *source)
{
	struct mysql_source *s = source_of(source);

	if (s->has_outlet)
		outlet_release(&s->outlet);
	mysql_position_release(&s->copy_position.low);
	captured_release(&s->tables);
	charset_list_free(s->charsets);
	selection_release(&s->selection);
	mysql_url_release(&s->url);
	memory_free(s);
}

struct source *mysql_source_new(const struct mysql_options *options)
{
	static const struct source_ops ops = {
		.open = source_open,
		.table_count = source_table_count,
		.table = source_table,
		.progress = source_progress,
		.run = source_run,
		.stop = source_stop,
		.close = source_close,
	};
	struct mysql_source *s = memory_new(struct mysql_source);

	s->source.ops = &ops;
	s->source.copies = true;
	s->options = options;
	return &s->source;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/message_reading.h"

#include "change/render.h"
#include "message/spark_ddl.h"

void reading_start(struct reading *r, struct input_options o, const char *ddl)
{
	*r = (struct reading){ .e = ERR_INIT };
	if (ddl != NULL)
		must(spark_ddl_parse(&o.schema, ddl, "inv", "person", &r->e), &r->e);
	r->input = input_new(&o);
	schema_release(o.schema);
}

void reading_stop(struct reading *r)
{
	row_run_release(&r->run);
	input_free(r->input);
}

struct bytes bytes_or_null(const char *text)
{
	return text != NULL ? bytes_of_text(text) : (struct bytes){ NULL, 0 };
}

int read_message(struct reading *r, const char *key, const char *value)
{
	r->e = ERR_INIT;
	return input_read(r->input, bytes_or_null(key), bytes_or_null(value), &r->message, &r->e);
}

const char *run_text(struct reading *r)
{
	struct rows rows = row_run_rows(&r->run);
	struct buffer b = { 0 };

	for (uint32_t i = 0; i < rows.count; i++) {
		if (i > 0)
			buffer_char(&b, '\n');
		if (rows.before != NULL)
			render_json_row(&b, r->run.schema, rows.before, i, rows.before_present);
		if (rows.op == OP_UPDATE)
			buffer_text(&b, " -> ");
		if (rows.after != NULL)
			render_json_row(&b, r->run.schema, rows.after, i, rows.after_present);
	}
	snprintf(r->text, sizeof(r->text), "%s", buffer_string(&b));
	buffer_release(&b);
	return r->text;
}

const char *rows_of(struct reading *r, const char *key, const char *value)
{
	must(read_message(r, key, value), &r->e);
	assert_int_equal(r->message.kind, MESSAGE_ROWS);
	row_run_clear(&r->run);
	must(input_rows(r->input, &r->run, &r->e), &r->e);
	assert_int_equal(r->run.count, r->message.row_count);
	return run_text(r);
}

void assert_bad(struct reading *r, const char *value, const char *what)
{
	int rc = read_message(r, NULL, value);

	row_run_clear(&r->run);
	if (rc == 0)
		rc = input_rows(r->input, &r->run, &r->e);
	assert_int_equal(rc, -1);
	assert_int_equal(r->e.kind, ERR_DATA);
	assert_int_equal(r->run.count, 0);
	if (strstr(r->e.text, what) == NULL)
		fail_msg("%s\ngives: %s", value, r->e.text);
}

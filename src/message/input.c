/* SPDX-License-Identifier: Apache-2.0 */
#include "message/input.h"

#include <string.h>

#include "base/text.h"
#include "message/input_parts.h"

static const char *const *copy_texts(const char *const *texts, uint32_t count)
{
	char **copy = memory_array(char *, count + 1);

	for (uint32_t i = 0; i < count; i++)
		copy[i] = memory_copy_text(texts[i]);
	return (const char *const *)copy;
}

static void free_texts(const char *const *texts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		memory_free((char *)texts[i]);
	memory_free((void *)texts);
}

struct input *input_new(const struct input_options *o)
{
	struct input *in = memory_new(struct input);

	in->options = *o;
	in->options.key = copy_texts(o->key, o->key_count);
	in->options.order_by = copy_texts(o->order_by, o->order_by_count);
	in->options.image_list = memory_copy_text(o->image_list);
	in->options.image_action = memory_copy_text(o->image_action);
	in->options.image_time = memory_copy_text(o->image_time);
	if (o->schema != NULL)
		in->options.schema = schema_share(o->schema);
	return in;
}

void input_free(struct input *in)
{
	if (in == NULL)
		return;
	free_texts(in->options.key, in->options.key_count);
	free_texts(in->options.order_by, in->options.order_by_count);
	memory_free((char *)in->options.image_list);
	memory_free((char *)in->options.image_action);
	memory_free((char *)in->options.image_time);
	schema_release(in->options.schema);
	for (uint32_t i = 0; i < in->table_count; i++)
		input_table_free(in->tables[i]);
	memory_free(in->tables);
	json_parser_release(&in->value);
	json_parser_release(&in->key);
	buffer_release(&in->known_lead);
	memory_free(in->rows);
	memory_free(in->list);
	buffer_release(&in->control);
	buffer_release(&in->nested);
	buffer_release(&in->present[0]);
	buffer_release(&in->present[1]);
	row_run_release(&in->trial);
	memory_free(in->lost[0].list);
	memory_free(in->lost[1].list);
	memory_free(in);
}

int members_take(const struct json_value *object, const char *what, const struct member_names *names,
		 struct json_value *got, struct err *e)
{
	if (object->type != JSON_OBJECT)
		return err_set(e, ERR_DATA, "%s is %s, not an object", what, json_type_name(object->type));
	return json_members(object, what, names, got, e);
}

const char *member_text(const struct json_value *v)
{
	return v->type == JSON_STRING ? (const char *)v->text.data : NULL;
}

int64_t member_int(const struct json_value *v)
{
	int64_t number = 0;

	(void)text_parse_int(v->text, &number);
	return number;
}

int64_t member_us(const struct json_value *v, int64_t factor)
{
	int64_t us;

	return __builtin_mul_overflow(member_int(v), factor, &us) ? 0 : us;
}

int64_t member_time_us(const struct json_value *v)
{
	struct field f = { .type = TYPE_TIMESTAMP };
	struct encoding from = { .coding = CODING_PLAIN };
	struct column c = { .storage = STORAGE_INT64 };
	struct way w;
	int64_t us = 0;

	if (v->type == JSON_STRING && way_choose(&w, &from, &f) && w.read(&w, v, &c) == NULL)
		us = column_int64(&c, 0);
	memory_free(c.values);
	memory_free(c.valid);
	return us;
}

static int table_compare(const struct input_table *t, const char *database, const char *table)
{
	int order = strcmp(t->table, table);

	return order != 0 ? order : strcmp(t->database, database);
}

/* Where the table stands, or would stand. */
static uint32_t table_place(const struct input *in, const char *database, const char *table)
{
	uint32_t low = 0, high = in->table_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (table_compare(in->tables[middle], database, table) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int input_enter_table(struct input *in, struct err *e)
{
	const char *database = in->message.database != NULL ? in->message.database : "";
	const char *table = in->message.table != NULL ? in->message.table : "";
	uint32_t place;

	if (in->table != NULL && table_compare(in->table, database, table) == 0)
		return 0;
	place = table_place(in, database, table);
	if (place == in->table_count || table_compare(in->tables[place], database, table) != 0) {
		if (in->table_count == TABLES_MAX)
			return err_set(e, ERR_DATA, "rows of more than %u tables", TABLES_MAX);
		in->tables = memory_grow(in->tables, struct input_table *, in->table_count + 1);
		memmove(in->tables + place + 1, in->tables + place, (in->table_count - place) * sizeof(*in->tables));
		in->tables[place] = input_table_new(&in->options, database, table);
		in->table_count++;
	}
	in->table = in->tables[place];
	return 0;
}

int input_know(struct input *in, const char *database, const char *table, const struct schema *known, bool is_final,
	       struct err *e)
{
	in->message.database = database;
	in->message.table = table;
	return input_enter_table(in, e) < 0 ? -1 : input_table_know(in->table, &in->options, known, is_final, e);
}

int input_told(struct input *in, const char *database, const char *table, struct schema **out, struct err *e)
{
	uint32_t place = table_place(in, database, table);
	struct input_table *t = place < in->table_count ? in->tables[place] : NULL;

	*out = NULL;
	if (t == NULL || table_compare(t, database, table) != 0 || !t->is_told || t->types == TYPES_GIVEN)
		return 0;
	if (t->recoded >= 0)
		return err_set(e, ERR_CONFIG, "table %s.%s: a schema change made column \"%s\" another type, whose values are "
			       "written otherwise, and messages without a schema do not say which they have: give the columns "
			       "(--schema)", database, table, t->fields[t->recoded].name);
	if (input_table_schema(t, e) < 0)
		return -1;
	*out = t->schema;
	return 0;
}

int input_tell(struct input *in, const char *database, const char *table, const struct schema *told, struct err *e)
{
	if (input_know(in, database, table, told, false, e) < 0)
		return -1;
	in->table->is_told_elsewhere = true;
	in->table->types = in->table->types == TYPES_INFERRED ? TYPES_DECLARED : in->table->types;
	return 0;
}

void input_take_key_list(struct input *in, const struct json_value *names)
{
	struct json_cursor list = json_open(names);
	struct json_value name;

	if (in->table->has_key || names->type != JSON_ARRAY)
		return;
	while (json_next(&list, NULL, &name)) {
		if (name.type == JSON_STRING)
			input_table_add_key(in->table, name.text);
	}
}

int input_take_schema(struct input *in, struct err *e)
{
	struct input_table *t = in->table;
	int rc = input_table_schema(t, e);

	if (rc < 0)
		return -1;
	in->message.has_new_schema = rc > 0;
	in->message.schema = t->schema;
	in->message.is_inferred = t->types == TYPES_INFERRED;
	return 0;
}

int input_take_truncate(struct input *in, struct err *e)
{
	if (in->options.by_event)
		return err_set(e, ERR_DATA, "event order has no TRUNCATE: it does not say of which rows that come late it is "
			       "the end; pass it over by --bad-message quarantine, or take messages as they arrive (--order log)");
	if (input_enter_table(in, e) < 0)
		return -1;
	in->message.kind = MESSAGE_TRUNCATE;
	in->message.schema = in->table->schema;
	return 0;
}

static int infer_list(struct input *in, struct json_cursor list, struct err *e)
{
	struct json_value row;

	while (json_next(&list, NULL, &row)) {
		if (input_table_infer(in->table, &row, in->images.rules, e) < 0)
			return -1;
	}
	return 0;
}

/* An image list's rows have their own. */
static int check_time(struct input *in, struct err *e)
{
	if (!in->options.by_event || in->options.format == FORMAT_IMAGE)
		return 0;
	if (in->message.origin.time_us == 0)
		return err_set(e, ERR_DATA, "it does not say when its change was made, by which events are ordered (--order event)");
	return order_check_time(in, in->message.origin.time_us, e);
}

int input_take_rows(struct input *in, enum op op, uint32_t rows, struct err *e)
{
	struct images *i = &in->images;

	in->message.kind = MESSAGE_ROWS;
	in->message.op = op;
	in->message.row_count = rows;
	i->left = rows;
	i->op = op;
	if (check_time(in, e) < 0)
		return -1;
	if (in->table->types == TYPES_INFERRED &&
	    (input_table_infer(in->table, &i->after, i->rules, e) < 0 ||
	     input_table_infer(in->table, &i->before, i->rules, e) < 0 ||
	     infer_list(in, i->after_list, e) < 0 || infer_list(in, i->before_list, e) < 0))
		return -1;
	if (input_take_schema(in, e) < 0)
		return -1;
	if (in->table->schema == NULL && rows > 0)
		return err_set(e, ERR_DATA, "no column has a value yet, so that its type is not known");
	if (in->options.by_event && in->table->schema != NULL && in->table->schema->key_count == 0)
		return err_set(e, ERR_CONFIG, "rows without a key have no newer and older changes (--order event): name the key's "
			       "columns (--key)");
	return 0;
}

int input_fail(const struct input *in, struct err *e)
{
	char shown[sizeof(in->head) + 1], plain[sizeof(shown)];
	struct err why = *e;

	for (size_t i = 0; i < in->head_size; i++)
		shown[i] = in->head[i] != 0 ? (char)in->head[i] : '?';
	shown[in->head_size] = 0;
	return err_set(e, why.kind, "%.400s; the value begins %s", why.text, text_plain(plain, sizeof(plain), shown));
}

static void keep_head(struct input *in, struct bytes value)
{
	in->head_size = value.size < sizeof(in->head) ? value.size : sizeof(in->head);
	if (in->head_size > 0)
		memcpy(in->head, value.data, in->head_size);
}

/* A message is refused as a whole: of many rows, none may have been passed on when one is bad. */
int input_try_rows(struct input *in, struct err *e)
{
	struct images images = in->images;
	int rc;

	do {
		row_run_clear(&in->trial);
		rc = input_rows(in, &in->trial, e);
	} while (rc == 1);
	in->images = images;
	return rc;
}

int input_read(struct input *in, struct bytes key, struct bytes value, struct message *out, struct err *e)
{
	static int (*const reads[FORMATS])(struct input *, struct bytes, struct bytes, struct err *) = {
		[FORMAT_DEBEZIUM] = input_read_debezium,
		[FORMAT_MAXWELL] = input_read_maxwell,
		[FORMAT_CANAL] = input_read_canal,
		[FORMAT_DMS] = input_read_dms,
		[FORMAT_IMAGE] = input_read_list,
	};

	in->message = (struct message){ .kind = MESSAGE_TOMBSTONE };
	in->images = (struct images){ .left = 0 };
	keep_head(in, value);
	if (value.data != NULL && reads[in->options.format](in, key, value, e) < 0) {
		in->images.left = 0;
		return input_fail(in, e);
	}
	if (in->message.row_count > 1 && input_try_rows(in, e) < 0) {
		in->images.left = 0;
		return -1;
	}
	if (in->message.database == NULL)
		in->message.database = "";
	if (in->message.table == NULL)
		in->message.table = "";
	*out = in->message;
	return 0;
}

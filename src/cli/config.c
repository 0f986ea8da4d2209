/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/bytes.h"
#include "base/memory.h"

#define DEPTH_MAX   8
#define ENTRIES_MAX 1000

struct parsing {
	yaml_parser_t yaml;
	const char *path;
	struct config *config;
	struct buffer name;           /* of the entry being read, "batch.rows_max" */
	size_t name_sizes[DEPTH_MAX]; /* before the part that each map added */
	uint32_t depth;
};

static int next_event(struct parsing *p, yaml_event_t *out, struct err *e)
{
	if (yaml_parser_parse(&p->yaml, out))
		return 0;
	return err_set(e, ERR_CONFIG, "%s:%zu: %s", p->path, p->yaml.problem_mark.line + 1,
		       p->yaml.problem != NULL ? p->yaml.problem : "not YAML");
}

static int refuse(struct parsing *p, const yaml_event_t *event, const char *what, struct err *e)
{
	return err_set(e, ERR_CONFIG, "%s:%zu: %s", p->path, event->start_mark.line + 1, what);
}

static int add_entry(struct parsing *p, const yaml_event_t *event, const char *value, struct err *e)
{
	const char *name = buffer_string(&p->name);
	struct config *c = p->config;

	for (uint32_t i = 0; i < c->count; i++) {
		if (strcmp(c->entries[i].name, name) == 0)
			return err_set(e, ERR_CONFIG, "%s:%zu: %s stands in line %u already", p->path,
				       event->start_mark.line + 1, name, c->entries[i].line);
	}
	if (c->count == ENTRIES_MAX)
		return refuse(p, event, "too many settings", e);
	c->entries = memory_grow(c->entries, struct config_entry, c->count + 1);
	c->entries[c->count++] = (struct config_entry){
		.name = memory_copy_text(name),
		.value = memory_copy_text(value),
		.line = (uint32_t)event->start_mark.line + 1,
	};
	return 0;
}

static const char *scalar_text(const yaml_event_t *event)
{
	return (const char *)event->data.scalar.value;
}

static bool scalar_is_text(const yaml_event_t *event)
{
	return strlen(scalar_text(event)) == event->data.scalar.length;
}

/* The elements of a list become one value: [a, b] is "a,b". */
static int read_list(struct parsing *p, const yaml_event_t *start, struct err *e)
{
	struct buffer value = { 0 };
	int rc = 0;

	for (bool at_end = false; rc == 0 && !at_end;) {
		yaml_event_t event;

		rc = next_event(p, &event, e);
		if (rc < 0)
			break;
		at_end = event.type == YAML_SEQUENCE_END_EVENT;
		if (event.type == YAML_SCALAR_EVENT && scalar_is_text(&event)) {
			if (value.size > 0)
				buffer_char(&value, ',');
			buffer_text(&value, scalar_text(&event));
		} else if (!at_end) {
			rc = refuse(p, &event, "a list holds plain values only", e);
		}
		yaml_event_delete(&event);
	}
	if (rc == 0)
		rc = add_entry(p, start, buffer_string(&value), e);
	buffer_release(&value);
	return rc;
}

static void push_name(struct parsing *p, const char *part)
{
	p->name_sizes[p->depth - 1] = p->name.size;
	if (p->name.size > 0)
		buffer_char(&p->name, '.');
	buffer_text(&p->name, part);
}

static void pop_name(struct parsing *p)
{
	p->name.size = p->name_sizes[p->depth - 1];
}

static int read_value(struct parsing *p, const yaml_event_t *event, struct err *e)
{
	int rc;

	switch (event->type) {
	case YAML_SCALAR_EVENT:
		if (!scalar_is_text(event))
			return refuse(p, event, "a value with a NUL character", e);
		rc = add_entry(p, event, scalar_text(event), e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		rc = read_list(p, event, e);
		break;
	case YAML_MAPPING_START_EVENT:
		if (p->depth == DEPTH_MAX)
			return refuse(p, event, "maps nested too deep", e);
		p->depth++;
		return 0; /* the name stays while its map is open */
	default:
		return refuse(p, event, "anchors and aliases are not supported", e);
	}
	pop_name(p);
	return rc;
}

static int read_pair(struct parsing *p, const yaml_event_t *key, struct err *e)
{
	yaml_event_t value;
	int rc;

	if (key->type != YAML_SCALAR_EVENT || !scalar_is_text(key))
		return refuse(p, key, "a setting's name must be plain text", e);
	push_name(p, scalar_text(key));
	rc = next_event(p, &value, e);
	if (rc < 0)
		return -1;
	rc = read_value(p, &value, e);
	yaml_event_delete(&value);
	return rc;
}

/* Inside the outermost map, until it ends. */
static int read_map(struct parsing *p, struct err *e)
{
	while (p->depth > 0) {
		yaml_event_t event;
		int rc = next_event(p, &event, e);

		if (rc < 0)
			return -1;
		if (event.type == YAML_MAPPING_END_EVENT) {
			if (--p->depth > 0)
				pop_name(p);
		} else {
			rc = read_pair(p, &event, e);
		}
		yaml_event_delete(&event);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int read_stream(struct parsing *p, struct err *e)
{
	uint32_t documents = 0;

	for (bool at_end = false; !at_end;) {
		yaml_event_t event;
		int rc = next_event(p, &event, e);

		if (rc < 0)
			return -1;
		switch (event.type) {
		case YAML_STREAM_END_EVENT:
			at_end = true;
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (++documents > 1)
				rc = refuse(p, &event, "a second document", e);
			break;
		case YAML_MAPPING_START_EVENT:
			p->depth = 1;
			rc = read_map(p, e);
			break;
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		default:
			rc = refuse(p, &event, "expected \"name: value\"", e);
		}
		yaml_event_delete(&event);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int config_read(struct config *out, const char *path, struct err *e)
{
	struct parsing p = { .path = path, .config = out };
	FILE *file = fopen(path, "re");
	int rc;

	*out = (struct config){ 0 };
	if (file == NULL)
		return err_set(e, ERR_CONFIG, "could not open the configuration file \"%s\": %s", path,
			       strerror(errno));
	if (!yaml_parser_initialize(&p.yaml)) {
		fclose(file);
		return err_set(e, ERR_IO, "could not start the YAML parser");
	}
	yaml_parser_set_input_file(&p.yaml, file);
	rc = read_stream(&p, e);
	yaml_parser_delete(&p.yaml);
	buffer_release(&p.name);
	fclose(file);
	return rc;
}

void config_release(struct config *c)
{
	for (uint32_t i = 0; i < c->count; i++) {
		memory_free(c->entries[i].name);
		memory_free(c->entries[i].value);
	}
	memory_free(c->entries);
	*c = (struct config){ 0 };
}

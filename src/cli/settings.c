/* SPDX-License-Identifier: Apache-2.0 */
/* Order of precedence: command line, environment, file, default. */
#include "cli/settings.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/groups.h"

struct setting_given {
	const struct option_group *group;
	const struct option *option;
	char *shown, *value;
	enum setting_origin { FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG } origin;
};

struct found {
	const struct option_group *group;
	const struct option *option;
};

typedef void spell_fn(struct buffer *, const struct option *);

static void spell_name(struct buffer *out, const struct option *o)
{
	buffer_text(out, o->name);
}

static bool is_spelled(const struct option *o, spell_fn *spell, const char *name)
{
	struct buffer text = { 0 };
	bool is_same;

	spell(&text, o);
	is_same = strcmp(buffer_string(&text), name) == 0;
	buffer_release(&text);
	return is_same;
}

/* The command's option that is spelled like this. */
static bool find(const struct command *c, spell_fn *spell, const char *name, struct found *out)
{
	for (uint32_t g = 0; c->groups[g] != NULL; g++) {
		if (c->groups[g]->is_flags_only && spell != option_flag)
			continue;
		for (const struct option *o = c->groups[g]->rows; o->name != NULL; o++) {
			if (!is_spelled(o, spell, name))
				continue;
			*out = (struct found){ c->groups[g], o };
			return true;
		}
	}
	return false;
}

/* Another command that knows the option. */
static const struct command *find_elsewhere(spell_fn *spell, const char *name)
{
	struct found found;

	for (const struct command *const *c = command_list; *c != NULL; c++) {
		if (find(*c, spell, name, &found))
			return *c;
	}
	return NULL;
}

static bool nearest(const struct command *c, spell_fn *spell, const char *name, struct buffer *out)
{
	struct buffer text = { 0 };
	uint32_t best = UINT32_MAX;

	for (uint32_t g = 0; c->groups[g] != NULL; g++) {
		if (c->groups[g]->is_flags_only && spell != option_flag)
			continue;
		for (const struct option *o = c->groups[g]->rows; o->name != NULL; o++) {
			uint32_t distance;

			buffer_clear(&text);
			spell(&text, o);
			distance = option_distance(name, buffer_string(&text));
			if (distance >= best || !option_is_near(name, buffer_string(&text)))
				continue;
			best = distance;
			buffer_clear(out);
			buffer_bytes_append(out, buffer_bytes(&text));
		}
	}
	buffer_release(&text);
	return best != UINT32_MAX;
}

static int unknown(const struct command *c, spell_fn *spell, const char *name, const char *shown,
		   struct err *e)
{
	const struct command *other = find_elsewhere(spell, name);
	struct buffer near = { 0 };

	if (other != NULL)
		err_set(e, ERR_CONFIG, "%s has no effect on \"tailrace %s\"; it belongs to \"tailrace %s\"",
			shown, c->name, other->name);
	else if (nearest(c, spell, name, &near))
		err_set(e, ERR_CONFIG, "unknown setting %s; did you mean %s?", shown, buffer_string(&near));
	else
		err_set(e, ERR_CONFIG, "unknown setting %s; \"tailrace %s --help\" lists them", shown,
			c->name);
	buffer_release(&near);
	return -1;
}

static bool is_same_property(const char *a, const char *b)
{
	size_t size = strcspn(a, "=");

	return strcspn(b, "=") == size && memcmp(a, b, size) == 0;
}

static int give(struct settings *s, struct found found, enum setting_origin origin, const char *shown,
		const char *value, struct err *e)
{
	for (uint32_t i = 0; i < s->given_count; i++) {
		if (s->given[i].option == found.option && s->given[i].origin == origin &&
		    (found.option->type != OPTION_PROPERTIES || is_same_property(s->given[i].value, value)))
			return err_set(e, ERR_CONFIG, "%s is given twice", shown);
	}
	s->given = memory_grow(s->given, struct setting_given, s->given_count + 1);
	s->given[s->given_count++] = (struct setting_given){
		found.group, found.option, memory_copy_text(shown), memory_copy_text(value), origin,
	};
	return 0;
}

/* "--name value", "--name=value", "--name" for a flag. `*used` counts the words taken. */
static int take_flag(struct settings *s, int count, char *const *words, int *used, struct err *e)
{
	size_t size = strcspn(words[0], "=");
	char *name = memory_copy(words[0], size);
	const char *value = words[0][size] == '=' ? words[0] + size + 1 : NULL;
	struct found found;
	int rc = -1;

	*used = 1;
	if (!find(s->command, option_flag, name, &found)) {
		unknown(s->command, option_flag, name, name, e);
		goto out;
	}
	if (value == NULL && found.option->type == OPTION_FLAG) {
		value = "true";
	} else if (value == NULL) {
		if (count < 2) {
			err_set(e, ERR_CONFIG, "%s needs a value (%s)", name,
				option_placeholder(found.option));
			goto out;
		}
		value = words[1];
		*used = 2;
	}
	rc = give(s, found, FROM_FLAG, name, value, e);
out:
	memory_free(name);
	return rc;
}

static int take_words(struct settings *s, int count, char *const *words, struct err *e)
{
	for (int i = 0, used = 1; i < count; i += used) {
		used = 1;
		if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0) {
			s->wants_help = true;
			return 0;
		}
		if (strncmp(words[i], "--", 2) == 0) {
			if (take_flag(s, count - i, words + i, &used, e) < 0)
				return -1;
		} else if (s->command->argument == NULL || s->argument != NULL) {
			return err_set(e, ERR_CONFIG, "unexpected argument \"%s\"", words[i]);
		} else {
			s->argument = words[i];
		}
	}
	return 0;
}

/* A variable of another command is no mistake: commands share their environment. */
static int take_environment(struct settings *s, struct err *e)
{
	for (char *const *v = environ; *v != NULL; v++) {
		size_t size = strcspn(*v, "=");
		struct found found;
		char *name;
		int rc = 0;

		if (strncmp(*v, "TAILRACE_", 9) != 0 || (*v)[size] == 0)
			continue;
		name = memory_copy(*v, size);
		if (find(s->command, option_environment, name, &found))
			rc = give(s, found, FROM_ENVIRONMENT, name, *v + size + 1, e);
		else if (find_elsewhere(option_environment, name) == NULL)
			rc = unknown(s->command, option_environment, name, name, e);
		memory_free(name);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* "kafka.linger.ms" of a file is the property linger.ms of "kafka": its value becomes "linger.ms=...". */
static bool find_property(const struct command *c, const struct config_entry *entry, struct found *out,
			  struct buffer *value)
{
	size_t size = strcspn(entry->name, ".");
	char *name = memory_copy(entry->name, size);
	bool is_found = entry->name[size] == '.' && find(c, spell_name, name, out) &&
			out->option->type == OPTION_PROPERTIES;

	memory_free(name);
	if (is_found)
		buffer_format(value, "%s=%s", entry->name + size + 1, entry->value);
	return is_found;
}

static int take_file(struct settings *s, const char *path, struct err *e)
{
	struct config config;
	int rc = config_read(&config, path, e);

	for (uint32_t i = 0; rc == 0 && i < config.count; i++) {
		const struct config_entry *entry = &config.entries[i];
		struct buffer value = { 0 };
		struct found found;

		if (strcmp(entry->name, config_option->name) == 0)
			rc = err_set(e, ERR_CONFIG, "a configuration file cannot name another");
		else if (find(s->command, spell_name, entry->name, &found))
			rc = give(s, found, FROM_FILE, entry->name, entry->value, e);
		else if (find_property(s->command, entry, &found, &value))
			rc = give(s, found, FROM_FILE, entry->name, buffer_string(&value), e);
		else
			rc = unknown(s->command, spell_name, entry->name, entry->name, e);
		if (rc < 0)
			err_wrap(e, "%s:%u", path, entry->line);
		buffer_release(&value);
	}
	config_release(&config);
	return rc;
}

/* --config itself, from the command line before the environment. */
static const char *config_path(const struct settings *s)
{
	const char *path = NULL;

	for (uint32_t i = 0; i < s->given_count; i++) {
		if (s->given[i].option == config_option &&
		    (path == NULL || s->given[i].origin == FROM_FLAG))
			path = s->given[i].value;
	}
	return path;
}

static int apply(struct settings *s, enum setting_origin origin, struct err *e)
{
	for (uint32_t i = 0; i < s->given_count; i++) {
		const struct setting_given *g = &s->given[i];

		if (g->origin == origin &&
		    option_store(g->option, settings_of(s, g->group), g->value, g->shown, e) < 0)
			return -1;
	}
	return 0;
}

static int check_effect(const struct settings *s, struct err *e)
{
	for (uint32_t i = 0; i < s->given_count; i++) {
		const struct setting_given *g = &s->given[i];
		const char *why_not = "";

		if (g->group->applies != NULL && !g->group->applies(s, &why_not))
			return err_set(e, ERR_CONFIG, "%s has no effect: %s", g->shown, why_not);
	}
	return 0;
}

int settings_load(struct settings *out, const struct command *command, int count, char *const *words,
		  struct err *e)
{
	const char *path;

	*out = (struct settings){ .command = command };
	for (uint32_t g = 0; command->groups[g] != NULL; g++) {
		out->values[g] = memory_take(1, command->groups[g]->size);
		option_defaults(command->groups[g]->rows, out->values[g]);
	}
	if (take_words(out, count, words, e) < 0)
		return -1;
	if (out->wants_help)
		return 0;
	if (command->argument != NULL && command->argument[0] != '[' && out->argument == NULL)
		return err_set(e, ERR_CONFIG, "\"tailrace %s\" needs %s", command->name,
			       command->argument);
	if (take_environment(out, e) < 0)
		return -1;
	path = config_path(out);
	if (path != NULL && take_file(out, path, e) < 0)
		return -1;
	if (apply(out, FROM_FILE, e) < 0 || apply(out, FROM_ENVIRONMENT, e) < 0 ||
	    apply(out, FROM_FLAG, e) < 0)
		return -1;
	return check_effect(out, e);
}

void settings_release(struct settings *s)
{
	for (uint32_t g = 0; s->command->groups[g] != NULL; g++) {
		if (s->values[g] != NULL)
			option_release(s->command->groups[g]->rows, s->values[g]);
		memory_free(s->values[g]);
	}
	for (uint32_t i = 0; i < s->given_count; i++) {
		memory_free(s->given[i].shown);
		memory_free(s->given[i].value);
	}
	memory_free(s->given);
}

void *settings_of(const struct settings *s, const struct option_group *group)
{
	for (uint32_t g = 0; s->command->groups[g] != NULL; g++) {
		if (s->command->groups[g] == group)
			return s->values[g];
	}
	return NULL;
}

const char *settings_given(const struct settings *s, const char *name)
{
	for (uint32_t i = 0; i < s->given_count; i++) {
		if (strcmp(s->given[i].option->name, name) == 0)
			return s->given[i].shown;
	}
	return NULL;
}

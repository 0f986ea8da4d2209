/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/groups.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "target/kafka.h"

#define OPTION(field) offsetof(struct ends_options, field)

static const struct option ends_table[] = {
	{ "from", OPTION_TEXT, OPTION(from), NULL, 0, 0, NULL,
	  "Where changes come from: mysql://user@host:port/db[.table,...], or mariadb://; kafka://host:port/TOPIC[,TOPIC], where "
	  "/a regular expression/ may stand for a TOPIC; a file of JSON messages, one a line, or - for standard input" },
	{ "to", OPTION_TEXT, OPTION(to), NULL, 0, 0, NULL,
	  "Where they go: a directory of Delta tables, kafka://host:port/PREFIX for topics, - for lines of JSON, null: to "
	  "count only" },
	{ "config", OPTION_TEXT, OPTION(config), NULL, 0, 0, NULL,
	  "YAML file with any of these settings, by the names in docs/settings.md" },
	{ "invalid_values", OPTION_CHOICE, OPTION(invalid_values), "null", 0, 0, "null|halt",
	  "What becomes of values that are invalid, such as dates that do not exist: NULL, counted, or a halt" },
	{ "log.level", OPTION_CHOICE, OPTION(log_level), "info", 0, 0, "debug|info|warn|error",
	  "The least important log lines that are written" },
	{ 0 },
};

const struct option *const config_option = &ends_table[2];

static bool has_scheme(const char *url, const char *scheme)
{
	return url != NULL && strncmp(url, scheme, strlen(scheme)) == 0;
}

static bool is_mysql(const char *url)
{
	return has_scheme(url, "mysql://") || has_scheme(url, "mariadb://");
}

static bool source_parse(const char *from, enum source_kind *out)
{
	*out = has_scheme(from, "kafka://") ? SOURCE_KAFKA : is_mysql(from) ? SOURCE_MYSQL : SOURCE_FILE;
	return *out != SOURCE_FILE || strstr(from, "://") == NULL;
}

static bool target_parse(const char *to, enum target_kind *out)
{
	if (to == NULL)
		return false;
	if (strcmp(to, "-") == 0)
		*out = TARGET_STDOUT;
	else if (strcmp(to, "null:") == 0)
		*out = TARGET_NULL;
	else if (has_scheme(to, "kafka://"))
		*out = TARGET_KAFKA;
	else if (strstr(to, "://") == NULL)
		*out = TARGET_LAKE;
	else
		return false;
	return true;
}

static bool lake_applies(const struct settings *s, const char **why_not)
{
	const struct ends_options *o = settings_of(s, &ends_group);
	enum target_kind kind;

	*why_not = "it belongs to a directory of Delta tables, which --to is not";
	return !target_parse(o->to, &kind) || kind == TARGET_LAKE;
}

static bool source_is(const struct settings *s, enum source_kind wanted)
{
	const struct ends_options *o = settings_of(s, &ends_group);
	enum source_kind kind;

	return o->from == NULL || !source_parse(o->from, &kind) || kind == wanted;
}

static bool mysql_applies(const struct settings *s, const char **why_not)
{
	*why_not = "it belongs to a MySQL or MariaDB server, which --from is not";
	return source_is(s, SOURCE_MYSQL);
}

static bool feed_applies(const struct settings *s, const char **why_not)
{
	*why_not = "it belongs to messages as the source, in topics of Kafka or in a file, which --from is not";
	return source_is(s, SOURCE_KAFKA) || source_is(s, SOURCE_FILE);
}

static bool topics_apply(const struct settings *s, const char **why_not)
{
	*why_not = "it belongs to topics of Kafka as the source, which --from is not";
	return source_is(s, SOURCE_KAFKA);
}

static bool kafka_applies(const struct settings *s, const char **why_not)
{
	const struct ends_options *o = settings_of(s, &ends_group);
	enum target_kind kind;

	*why_not = "it belongs to topics of Kafka, which --to is not";
	return !target_parse(o->to, &kind) || kind == TARGET_KAFKA;
}

static bool broker_applies(const struct settings *s, const char **why_not)
{
	const struct ends_options *o = settings_of(s, &ends_group);

	if (has_scheme(o->from, "kafka://") || kafka_applies(s, why_not))
		return true;
	*why_not = "it belongs to Kafka, which neither --from nor --to is";
	return false;
}

static bool messages_apply(const struct settings *s, const char **why_not)
{
	if (feed_applies(s, why_not) || kafka_applies(s, why_not))
		return true;
	*why_not = "it belongs to messages, which neither --from nor --to has";
	return false;
}

const struct option_group ends_group = { "Ends", ends_table, sizeof(struct ends_options), NULL, false };
const struct option_group source_group = {
	"Source: MySQL and MariaDB", mysql_option_table, sizeof(struct mysql_options), mysql_applies, false,
};
const struct option_group feed_group = {
	"Source: messages", feed_option_table, sizeof(struct feed_options), feed_applies, false,
};
const struct option_group topics_group = {
	"Source: Kafka", kafka_source_option_table, sizeof(struct kafka_source_options), topics_apply, false,
};
const struct option_group lake_group = {
	"Target: Delta Lake", lake_option_table, sizeof(struct lake_options), lake_applies, false,
};

const struct option_group kafka_group = {
	"Target: Kafka", kafka_option_table, sizeof(struct kafka_options), kafka_applies, false,
};
const struct option_group messages_group = {
	"Messages, by Debezium's names", debezium_option_table, sizeof(struct debezium_options), messages_apply, false,
};
const struct option_group broker_group = {
	"Kafka", broker_option_table, sizeof(struct broker_options), broker_applies, false,
};

static void set_log_level(const char *name)
{
	static const char *const names[LOG_LEVELS] = { "debug", "info", "warn", "error" };

	for (enum log_level level = 0; level < LOG_LEVELS; level++) {
		if (strcmp(names[level], name) == 0)
			log_set_level(level);
	}
}

/* What only matters to the order of events. */
static int check_order(const struct settings *s, const struct feed_options *feed, struct err *e)
{
	static const char *const names[] = { "order.by", "max.ahead", "late.horizon", "late" };
	bool by_event = strcmp(feed->order, "event") == 0;
	const char *shown;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !by_event; i++) {
		shown = settings_given(s, names[i]);
		if (shown != NULL)
			return err_set(e, ERR_CONFIG, "%s has no effect without --order event", shown);
	}
	shown = settings_given(s, "incomplete_rows");
	if (shown != NULL && (!by_event || strcmp(feed->image, "partial") != 0))
		return err_set(e, ERR_CONFIG, "%s has no effect without --order event and --image partial", shown);
	return 0;
}

int ends_check(struct ends *out, const struct settings *s, struct err *e)
{
	const struct ends_options *o = settings_of(s, &ends_group);
	struct mysql_options *mysql = settings_of(s, &source_group);
	struct lake_options *lake = settings_of(s, &lake_group);
	struct kafka_options *kafka = settings_of(s, &kafka_group);
	struct kafka_source_options *topics = settings_of(s, &topics_group);
	struct feed_options *feed = settings_of(s, &feed_group);

	if (o->from == NULL)
		return err_set(e, ERR_CONFIG, "--from is missing: mysql://user@host:port/db, kafka://host:port/TOPIC, a file or -");
	if (o->to == NULL)
		return err_set(e, ERR_CONFIG, "--to is missing: a directory, kafka://host:port/PREFIX, - or null:");
	if (!source_parse(o->from, &out->source))
		return err_set(e, ERR_CONFIG, "--from: a URL begins with mysql://, mariadb:// or kafka://; all else is a file");
	if (!target_parse(o->to, &out->target))
		return err_set(e, ERR_CONFIG, "--to: \"%s\" is neither a directory, kafka://, - nor null:", o->to);
	set_log_level(o->log_level);
	if (out->source != SOURCE_MYSQL && out->target != TARGET_LAKE)
		return err_set(e, ERR_CONFIG, "--to: messages go to a directory of Delta tables; \"%s\" is none", o->to);
	if (check_order(s, feed, e) < 0)
		return -1;
	topics->url = o->from;
	topics->broker = settings_of(s, &broker_group);
	topics->feed = feed;
	feed->messages = settings_of(s, &messages_group);
	feed->invalid_values = o->invalid_values;
	mysql->url = o->from;
	mysql->invalid_values = o->invalid_values;
	lake->path = o->to;
	kafka->url = o->to;
	kafka->broker = settings_of(s, &broker_group);
	kafka->messages = settings_of(s, &messages_group);
	out->mysql = mysql;
	out->topics = topics;
	out->file = (struct file_source_options){ .path = o->from, .feed = feed };
	out->lake = lake;
	out->kafka = kafka;
	return 0;
}

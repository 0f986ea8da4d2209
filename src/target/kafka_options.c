/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/memory.h"
#include "target/kafka_context.h"

#define OPTION(field) offsetof(struct kafka_options, field)

const struct option kafka_option_table[] = {
	{ "start_at", OPTION_TEXT, OPTION(start_at), NULL, 0, 0, NULL,
	  "debezium:FILE goes on where the connector of this prefix stopped, without a new copy; FILE is Connect's "
	  "offset.storage.file.filename" },
	{ "tombstones.on.delete", OPTION_CHOICE, OPTION(tombstones), "true", 0, 0, "true|false",
	  "A message without a value behind each delete, for compacted topics" },
	{ "extended.headers.enabled", OPTION_CHOICE, OPTION(extended_headers), "true", 0, 0, "true|false",
	  "Headers that tell whose message it is: __debezium.context.connectorLogicalName and three more" },
	{ "include.schema.changes", OPTION_CHOICE, OPTION(schema_changes), "true", 0, 0, "true|false",
	  "A topic named as the prefix with the statements that define tables, and what they make of them" },
	{ "skipped.operations", OPTION_TEXT, OPTION(skipped_operations), "none", 0, 0, NULL,
	  "Operations that are left out: letters of c, u, d, t with commas, or none" },
	{ "provide.transaction.metadata", OPTION_FLAG, OPTION(has_transactions), NULL, 0, 0, NULL,
	  "A topic that tells where transactions begin and end, and a block in each message that names its own" },
	{ "heartbeat.interval", OPTION_DURATION, OPTION(heartbeat_ms), "0ms", 0, 86400000, NULL,
	  "A message this often in the topic __debezium-heartbeat.PREFIX; 0ms: none" },
	{ "record.interval", OPTION_DURATION, OPTION(record_interval_ms), "1s", 100, 3600000, NULL,
	  "How often the position is recorded; what came since is compared with the topics at the next start" },
	{ "topic.partitions", OPTION_INT, OPTION(partitions), "0", 0, 100000, NULL,
	  "Partitions of topics that are made; 0 is the cluster's default" },
	{ "topic.replicas", OPTION_INT, OPTION(replicas), "0", 0, 1000, NULL,
	  "Replicas of topics that are made; 0 is the cluster's default" },
	{ 0 },
};

int kafka_url_parse(const char *url, char **brokers, char **prefix, struct err *e)
{
	static const char scheme[] = "kafka://";
	const char *host, *slash;

	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return err_set(e, ERR_CONFIG, "\"%s\": a URL of Kafka begins with kafka://", url);
	host = url + sizeof(scheme) - 1;
	slash = strchr(host, '/');
	if (slash == NULL || slash == host || slash[1] == '\0' || strchr(slash + 1, '/') != NULL)
		return err_set(e, ERR_CONFIG, "\"%s\": it must be kafka://host:port[,host:port]/PREFIX; topics are named "
			       "PREFIX.database.table", url);
	if (strspn(slash + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != strlen(slash + 1))
		return err_set(e, ERR_CONFIG, "\"%s\": a prefix of topics has letters, digits, '.', '_' and '-'", slash + 1);
	*brokers = memory_copy(host, (size_t)(slash - host));
	*prefix = memory_copy_text(slash + 1);
	return 0;
}

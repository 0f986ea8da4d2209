/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/memory.h"
#include "source/kafka/kafka_state.h"

#define OPTION(field) offsetof(struct kafka_source_options, field)

const struct option kafka_source_option_table[] = {
	{ "group", OPTION_TEXT, OPTION(group), NULL, 0, 0, NULL,
	  "Consumer group: the processes that run with it share the partitions and write the same tables" },
	{ "from.offset", OPTION_TEXT, OPTION(from_offset), "earliest", 0, 0, NULL,
	  "Where the first run begins in each partition that is there: earliest, latest, or places with commas "
	  "(topic:partition:offset); partitions without a place begin with their earliest message" },
	{ 0 },
};

int kafka_url_read(struct kafka_source *s, struct err *e)
{
	static const char scheme[] = "kafka://";
	const char *url = s->options->url, *host, *slash;

	host = strncmp(url, scheme, sizeof(scheme) - 1) == 0 ? url + sizeof(scheme) - 1 : "";
	slash = strchr(host, '/');
	if (slash == NULL || slash == host || slash[1] == '\0')
		return err_set(e, ERR_CONFIG, "\"%s\": it must be kafka://host:port[,host:port]/TOPIC[,TOPIC] (or /regular "
			       "expression/ for a TOPIC)", url);
	s->brokers = memory_copy(host, (size_t)(slash - host));
	s->patterns = memory_copy_text(slash + 1);
	s->options->broker->brokers = s->brokers;
	return 0;
}


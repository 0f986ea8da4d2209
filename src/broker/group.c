/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library is told to read nothing: its answers to a rebalance carry empty lists. So nothing is fetched twice, and
 * a partition is given up without having been begun (broker/consumer.c tells what that does).
 */
#include "broker/group.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "broker/client.h"

struct group {
	struct broker_options options; /* brokers is ours */
	rd_kafka_t *client;
	rd_kafka_queue_t *queue;
	rd_kafka_topic_partition_list_t *owned;
	rd_kafka_event_t *asked; /* a rebalance that waits for group_settle, or NULL */
	struct group_place *places;
};

static const char *const defaults[] = {
	"client.id", "tailrace", "session.timeout.ms", "30000", "heartbeat.interval.ms", "1000",
	"topic.metadata.refresh.interval.ms", "10000", NULL,
};

static const char *const fixed[] = {
	"group.id", "", "enable.auto.commit", "false", "enable.auto.offset.store", "false",
	"partition.assignment.strategy", "cooperative-sticky", NULL,
};

/* The library's expressions are those that begin with '^'. */
static void add_pattern(rd_kafka_topic_partition_list_t *list, const char *pattern)
{
	size_t size = strlen(pattern);
	char *text;

	if (size < 2 || pattern[0] != '/' || pattern[size - 1] != '/') {
		rd_kafka_topic_partition_list_add(list, pattern, RD_KAFKA_PARTITION_UA);
		return;
	}
	text = memory_take(1, size + 8);
	snprintf(text, size + 8, "^(%.*s)$", (int)size - 2, pattern + 1);
	rd_kafka_topic_partition_list_add(list, text, RD_KAFKA_PARTITION_UA);
	memory_free(text);
}

static int subscribe(struct group *g, const char *patterns, struct err *e)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	char *copy = memory_copy_text(patterns), *rest = copy, *pattern;
	rd_kafka_resp_err_t code;

	while ((pattern = strsep(&rest, ",")) != NULL)
		add_pattern(list, pattern);
	code = rd_kafka_subscribe(g->client, list);
	rd_kafka_topic_partition_list_destroy(list);
	memory_free(copy);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : client_error(e, &g->options, code, NULL, "joining the group");
}

int group_open(struct group **out, const struct broker_options *o, const char *name, const char *patterns,
	       struct err *e)
{
	const char *ours[sizeof(fixed) / sizeof(fixed[0])];
	rd_kafka_conf_t *conf;
	rd_kafka_t *client;
	struct group *g;

	memcpy(ours, fixed, sizeof(fixed));
	ours[1] = name;
	conf = client_conf(o, defaults, ours, e);
	if (conf == NULL)
		return -1;
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OFFSET_COMMIT);
	client = client_new(RD_KAFKA_CONSUMER, conf, o, e);
	if (client == NULL)
		return -1;
	rd_kafka_poll_set_consumer(client);
	g = memory_new(struct group);
	g->options = (struct broker_options){ .brokers = memory_copy_text(o->brokers) };
	g->client = client;
	g->queue = rd_kafka_queue_get_consumer(client);
	g->owned = rd_kafka_topic_partition_list_new(0);
	if (subscribe(g, patterns, e) < 0) {
		group_close(g);
		return -1;
	}
	*out = g;
	return 0;
}

/* Answers the rebalance that waits. */
static int answer(struct group *g, struct err *e)
{
	const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(g->asked);
	bool is_offer = rd_kafka_event_error(g->asked) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
	rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
	rd_kafka_error_t *failure;
	int rc = 0;

	for (int i = 0; i < list->cnt; i++) {
		if (is_offer)
			rd_kafka_topic_partition_list_add(g->owned, list->elems[i].topic, list->elems[i].partition);
		else
			rd_kafka_topic_partition_list_del(g->owned, list->elems[i].topic, list->elems[i].partition);
	}
	failure = is_offer ? rd_kafka_incremental_assign(g->client, none) : rd_kafka_incremental_unassign(g->client, none);
	if (failure != NULL) {
		rc = client_error(e, &g->options, rd_kafka_error_code(failure), rd_kafka_error_string(failure),
				  "sharing the partitions");
		rd_kafka_error_destroy(failure);
	}
	rd_kafka_topic_partition_list_destroy(none);
	rd_kafka_event_destroy(g->asked);
	g->asked = NULL;
	return rc;
}

static int take_event(struct group *g, rd_kafka_event_t *event, struct err *e)
{
	int rc = 0;

	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE) {
		g->asked = event;
		/* one that changes nothing needs nobody's consent */
		return rd_kafka_event_topic_partition_list(event)->cnt == 0 ? answer(g, e) : 0;
	}
	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
		rc = client_error_event(e, &g->options, g->client, event);
	rd_kafka_event_destroy(event);
	return rc;
}

int group_poll(struct group *g, int wait_ms, bool *has_changed, struct err *e)
{
	rd_kafka_event_t *event;
	int rc = 0;

	while (rc == 0 && g->asked == NULL && (event = rd_kafka_queue_poll(g->queue, wait_ms)) != NULL) {
		rc = take_event(g, event, e);
		wait_ms = 0;
	}
	*has_changed = g->asked != NULL;
	return rc;
}

int group_settle(struct group *g, const struct group_place **places, uint32_t *count, struct err *e)
{
	bool has_changed = false;

	while (g->asked != NULL) {
		if (answer(g, e) < 0 || group_poll(g, 0, &has_changed, e) < 0)
			return -1;
	}
	g->places = memory_grow(g->places, struct group_place, (size_t)g->owned->cnt + 1);
	for (int i = 0; i < g->owned->cnt; i++)
		g->places[i] = (struct group_place){ g->owned->elems[i].topic, (uint32_t)g->owned->elems[i].partition, -1 };
	*places = g->places;
	*count = (uint32_t)g->owned->cnt;
	return 0;
}

void group_commit(struct group *g, const struct group_place *places, uint32_t count)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);

	for (uint32_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, places[i].topic, (int32_t)places[i].partition)->offset =
			places[i].offset;
	if (count > 0)
		(void)rd_kafka_commit(g->client, list, 1);
	rd_kafka_topic_partition_list_destroy(list);
}

void group_close(struct group *g)
{
	if (g == NULL)
		return;
	if (g->asked != NULL)
		rd_kafka_event_destroy(g->asked);
	rd_kafka_queue_destroy(g->queue);
	rd_kafka_consumer_close(g->client);
	rd_kafka_destroy(g->client);
	rd_kafka_topic_partition_list_destroy(g->owned);
	memory_free(g->places);
	memory_free((char *)(uintptr_t)g->options.brokers);
	memory_free(g);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/inquiry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "broker/client.h"

#define ANSWER_MS 10000
#define LOGIN_MS  2000

struct inquiry {
	const struct broker_options *options;
	rd_kafka_t *client;
	rd_kafka_queue_t *answers;
	const struct rd_kafka_metadata *cluster;
	rd_kafka_event_t *settings; /* the last answer; NULL: none yet */
	struct err refused;         /* a login that failed */
};

static const char *const defaults[] = { "client.id", "tailrace", NULL };
static const char *const fixed[] = { NULL };

/* The library calls it from within rd_kafka_poll. */
static void on_error(rd_kafka_t *client, int code, const char *reason, void *inquiry)
{
	struct inquiry *q = inquiry;

	(void)client;
	if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL ||
	    code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED)
		client_error(&q->refused, q->options, (rd_kafka_resp_err_t)code, reason, "login");
}

static int ask_cluster(struct inquiry *q, struct err *e)
{
	int64_t until_us = clock_monotonic_us() + ANSWER_MS * 1000;
	rd_kafka_resp_err_t code;

	do {
		code = rd_kafka_metadata(q->client, 1, NULL, &q->cluster, LOGIN_MS);
		(void)rd_kafka_poll(q->client, 0);
	} while (code != RD_KAFKA_RESP_ERR_NO_ERROR && q->refused.kind == ERR_NONE && clock_monotonic_us() < until_us);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	if (q->refused.kind == ERR_NONE)
		return client_error(e, q->options, code, NULL, "asking for its topics");
	*e = q->refused;
	return -1;
}

int inquiry_open(struct inquiry **out, const struct broker_options *o, struct err *e)
{
	rd_kafka_conf_t *conf = client_conf(o, defaults, fixed, e);
	struct inquiry *q;

	if (conf == NULL)
		return -1;
	q = memory_new(struct inquiry);
	q->options = o;
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_opaque(conf, q);
	q->client = client_new(RD_KAFKA_PRODUCER, conf, o, e);
	if (q->client != NULL)
		q->answers = rd_kafka_queue_new(q->client);
	if (q->client == NULL || ask_cluster(q, e) < 0) {
		inquiry_close(q);
		return -1;
	}
	*out = q;
	return 0;
}

void inquiry_close(struct inquiry *q)
{
	if (q == NULL)
		return;
	if (q->settings != NULL)
		rd_kafka_event_destroy(q->settings);
	if (q->cluster != NULL)
		rd_kafka_metadata_destroy(q->cluster);
	if (q->answers != NULL)
		rd_kafka_queue_destroy(q->answers);
	if (q->client != NULL)
		rd_kafka_destroy(q->client);
	memory_free(q);
}

uint32_t inquiry_brokers(const struct inquiry *q)
{
	return (uint32_t)q->cluster->broker_cnt;
}

bool inquiry_has_topic(const struct inquiry *q, const char *topic)
{
	for (int i = 0; i < q->cluster->topic_cnt; i++) {
		if (strcmp(q->cluster->topics[i].topic, topic) == 0)
			return true;
	}
	return false;
}

int64_t inquiry_own(const struct inquiry *q, const char *property)
{
	char text[64] = "";
	size_t size = sizeof(text);

	(void)rd_kafka_conf_get(rd_kafka_conf(q->client), property, text, &size);
	return strtoll(text, NULL, 10);
}

static rd_kafka_event_t *wait_for(struct inquiry *q, rd_kafka_event_type_t type)
{
	int64_t until_us = clock_monotonic_us() + ANSWER_MS * 1000;
	rd_kafka_event_t *event;

	while (clock_monotonic_us() < until_us) {
		event = rd_kafka_queue_poll(q->answers, 100);
		if (event != NULL && rd_kafka_event_type(event) == type)
			return event;
		if (event != NULL)
			rd_kafka_event_destroy(event);
	}
	return NULL;
}

static const rd_kafka_ConfigResource_t *resource_of(rd_kafka_event_t *event)
{
	const rd_kafka_DescribeConfigs_result_t *result = event != NULL ? rd_kafka_event_DescribeConfigs_result(event) : NULL;
	const rd_kafka_ConfigResource_t **resources;
	size_t count = 0;

	if (result == NULL)
		return NULL;
	resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
	return count > 0 ? resources[0] : NULL;
}

int inquiry_read(struct inquiry *q, const char *topic, struct err *e)
{
	char broker[16], context[300];
	const rd_kafka_ConfigResource_t *answer;
	rd_kafka_ConfigResource_t *resource;
	rd_kafka_resp_err_t code;

	snprintf(broker, sizeof(broker), "%d", q->cluster->broker_cnt > 0 ? (int)q->cluster->brokers[0].id : 0);
	snprintf(context, sizeof(context), "asking for the settings of %s%s", topic != NULL ? "topic " : "broker ",
		 topic != NULL ? topic : broker);
	resource = rd_kafka_ConfigResource_new(topic != NULL ? RD_KAFKA_RESOURCE_TOPIC : RD_KAFKA_RESOURCE_BROKER,
					       topic != NULL ? topic : broker);
	if (q->settings != NULL)
		rd_kafka_event_destroy(q->settings);
	rd_kafka_DescribeConfigs(q->client, &resource, 1, NULL, q->answers);
	q->settings = wait_for(q, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT);
	rd_kafka_ConfigResource_destroy(resource);
	answer = resource_of(q->settings);
	if (answer == NULL)
		return err_set(e, ERR_RETRY, "kafka %s: %s: no answer", q->options->brokers, context);
	code = rd_kafka_ConfigResource_error(answer);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : client_error(e, q->options, code, NULL, context);
}

const char *inquiry_setting(const struct inquiry *q, const char *name)
{
	const rd_kafka_ConfigResource_t *resource = resource_of(q->settings);
	const rd_kafka_ConfigEntry_t **entries;
	size_t count = 0;

	if (resource == NULL)
		return NULL;
	entries = rd_kafka_ConfigResource_configs(resource, &count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
			return rd_kafka_ConfigEntry_value(entries[i]);
	}
	return NULL;
}

int64_t inquiry_number(const struct inquiry *q, const char *name)
{
	const char *text = inquiry_setting(q, name);

	return text != NULL ? strtoll(text, NULL, 10) : -1;
}

int inquiry_may_make(struct inquiry *q, const char *topic, int replicas, struct err *e)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(q->client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_NewTopic_t *wish;
	const rd_kafka_topic_result_t **results;
	rd_kafka_event_t *event;
	rd_kafka_resp_err_t code;
	char why[200], context[300];
	size_t count = 0;
	int rc;

	wish = rd_kafka_NewTopic_new(topic, -1, replicas, why, sizeof(why));
	(void)rd_kafka_AdminOptions_set_validate_only(options, 1, why, sizeof(why));
	rd_kafka_CreateTopics(q->client, &wish, 1, options, q->answers);
	event = wait_for(q, RD_KAFKA_EVENT_CREATETOPICS_RESULT);
	rd_kafka_NewTopic_destroy(wish);
	rd_kafka_AdminOptions_destroy(options);
	snprintf(context, sizeof(context), "making topic %s", topic);
	if (event == NULL)
		return err_set(e, ERR_RETRY, "kafka %s: %s: no answer", q->options->brokers, context);
	results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
	code = count > 0 ? rd_kafka_topic_result_error(results[0]) : rd_kafka_event_error(event);
	rc = code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 :
	     client_error(e, q->options, code, count > 0 ? rd_kafka_topic_result_error_string(results[0]) : NULL, context);
	rd_kafka_event_destroy(event);
	return rc;
}

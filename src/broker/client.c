/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

#define SECRET_BYTES_MAX 65536
#define CLIENT_WARNING   4 /* as in syslog */

const struct option broker_option_table[] = {
	{ "kafka", OPTION_PROPERTIES, offsetof(struct broker_options, properties), NULL, 0, 0, NULL,
	  "A property of librdkafka, such as security.protocol=SASL_SSL; file:PATH or env:NAME in place of a secret" },
	{ 0 },
};

/* Properties whose value must not stand where others read it. */
static const char *const secrets[] = {
	"sasl.password",   "sasl.oauthbearer.client.secret", "ssl.key.password",
	"ssl.key.pem",     "ssl.keystore.password",          NULL,
};

static bool is_in(const char *const *list, const char *name, size_t step)
{
	for (; *list != NULL; list += step) {
		if (strcmp(*list, name) == 0)
			return true;
	}
	return false;
}

static int read_secret_file(struct buffer *out, const char *name, const char *path, struct err *e)
{
	if (file_read(out, path, SECRET_BYTES_MAX, e) < 0)
		return err_wrap(e, "kafka %s", name);
	while (out->size > 0 && (out->data[out->size - 1] == '\n' || out->data[out->size - 1] == '\r'))
		out->size--;
	return 0;
}

/* "file:PATH" or "env:NAME" stand for what is there; a secret may not be written out. */
static int read_value(struct buffer *out, const char *name, const char *value, struct err *e)
{
	const char *text;

	if (strncmp(value, "file:", 5) == 0)
		return read_secret_file(out, name, value + 5, e);
	if (strncmp(value, "env:", 4) == 0) {
		text = getenv(value + 4);
		if (text == NULL)
			return err_set(e, ERR_CONFIG, "kafka %s: there is no %s in the environment", name, value + 4);
		buffer_text(out, text);
		return 0;
	}
	if (is_in(secrets, name, 1))
		return err_set(e, ERR_CONFIG, "kafka %s: a secret is named, not written out: file:PATH or env:NAME",
			       name);
	buffer_text(out, value);
	return 0;
}

static int set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *e)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
		return 0;
	return err_set(e, ERR_CONFIG, "kafka %s: %s", name, why);
}

/* One line, NAME=VALUE, cut at its '='. */
static int set_property(rd_kafka_conf_t *conf, char *line, const char *const *fixed, struct err *e)
{
	char *value = strchr(line, '=');
	struct buffer text = { 0 };
	int rc;

	if (value == NULL)
		return err_set(e, ERR_CONFIG, "kafka %s: it has no value", line);
	*value++ = '\0';
	if (is_in(fixed, line, 2))
		return err_set(e, ERR_CONFIG, "kafka %s: tailrace relies on its own value of it", line);
	rc = read_value(&text, line, value, e);
	if (rc == 0)
		rc = set(conf, line, buffer_string(&text), e);
	buffer_release(&text);
	return rc;
}

static int set_properties(rd_kafka_conf_t *conf, const char *properties, const char *const *fixed, struct err *e)
{
	char *copy = memory_copy_text(properties), *rest = copy, *line;
	int rc = 0;

	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL) {
		if (*line != '\0')
			rc = set_property(conf, line, fixed, e);
	}
	memory_free(copy);
	return rc;
}

static int set_pairs(rd_kafka_conf_t *conf, const char *const *pairs, struct err *e)
{
	for (; *pairs != NULL; pairs += 2) {
		if (set(conf, pairs[0], pairs[1], e) < 0)
			return -1;
	}
	return 0;
}

/* librdkafka's own lines; what matters comes as an error too. */
static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
	(void)client;
	if (level <= CLIENT_WARNING)
		log_debug("kafka client", "facility=%s text=\"%s\"", facility, text);
}

/* A request would wait for the acknowledgement of the one before it, which Linux holds back for 40 ms. */
static const char *const all[] = { "socket.nagle.disable", "true", NULL };

rd_kafka_conf_t *client_conf(const struct broker_options *o, const char *const *ours, const char *const *fixed,
			     struct err *e)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	rd_kafka_conf_set_log_cb(conf, on_log);
	if (set_pairs(conf, all, e) < 0 || set_pairs(conf, ours, e) < 0 ||
	    (o->properties != NULL && set_properties(conf, o->properties, fixed, e) < 0) ||
	    set_pairs(conf, fixed, e) < 0 || set(conf, "bootstrap.servers", o->brokers, e) < 0) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	return conf;
}

rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, const struct broker_options *o, struct err *e)
{
	char why[256];
	rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof(why));

	if (client != NULL)
		return client;
	rd_kafka_conf_destroy(conf);
	err_set(e, ERR_CONFIG, "kafka %s: %s", o->brokers, why);
	return NULL;
}

/* What the codes that users meet mean for them; any other may pass by itself. */
static const struct meaning {
	rd_kafka_resp_err_t code;
	enum err_kind kind;
	const char *advice;
} meanings[] = {
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION, ERR_CONFIG, "check --kafka sasl.* and ssl.*" },
	{ RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ERR_CONFIG, "check --kafka sasl.*" },
	{ RD_KAFKA_RESP_ERR__SSL, ERR_CONFIG, "check --kafka security.protocol and ssl.*" },
	{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERR_CONFIG,
	  "the user may not do that with this topic; give it the right (kafka-acls)" },
	{ RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ERR_CONFIG,
	  "the user may not be in this group; give it the right (kafka-acls)" },
	{ RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ERR_CONFIG,
	  "the user may not do that in this cluster; give it the right (kafka-acls)" },
	{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERR_CONFIG,
	  "raise --kafka message.max.bytes, and max.message.bytes of the topic" },
	{ RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, ERR_CONFIG, "no topic can have this name" },
	{ RD_KAFKA_RESP_ERR_POLICY_VIOLATION, ERR_CONFIG, "a policy of the cluster forbids it" },
	{ RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, ERR_CONFIG,
	  "the cluster has fewer brokers than the topic is to have replicas" },
	{ RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ERR_CONFIG, "there is no such topic" },
	{ RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ERR_CONFIG, "there is no such topic" },
	{ RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, ERR_RETRY, "no broker answers" },
	{ RD_KAFKA_RESP_ERR_NO_ERROR, ERR_RETRY, NULL },
};

int client_error(struct err *e, const struct broker_options *o, rd_kafka_resp_err_t code, const char *reason,
		 const char *context)
{
	const struct meaning *m = meanings;

	while (m->code != code && m->code != RD_KAFKA_RESP_ERR_NO_ERROR)
		m++;
	return err_set(e, m->kind, "kafka %s: %s: %s%s%s", o->brokers, context,
		       reason != NULL ? reason : rd_kafka_err2str(code), m->advice != NULL ? "; " : "",
		       m->advice != NULL ? m->advice : "");
}

int client_error_event(struct err *e, const struct broker_options *o, rd_kafka_t *client, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t code = rd_kafka_event_error(event);
	char why[256] = "";

	if (code == RD_KAFKA_RESP_ERR__FATAL) {
		code = rd_kafka_fatal_error(client, why, sizeof(why));
		client_error(e, o, code, why, "the producer was ended");
		e->kind = ERR_RETRY; /* a new one finds out what arrived */
		return -1;
	}
	if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL ||
	    code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED)
		return client_error(e, o, code, rd_kafka_event_error_string(event), "login");
	log_debug("kafka client", "error=\"%s\"", rd_kafka_event_error_string(event));
	return 0;
}

#define OFFSETS_MS 10000

rd_kafka_resp_err_t client_offsets(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int64_t which)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = which;
	if (list->cnt > 0)
		code = rd_kafka_offsets_for_times(client, list, OFFSETS_MS);
	for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		code = list->elems[i].err;
		if (code == RD_KAFKA_RESP_ERR_NO_ERROR && list->elems[i].offset < 0)
			code = RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE;
	}
	return code;
}

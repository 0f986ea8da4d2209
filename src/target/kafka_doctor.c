/* SPDX-License-Identifier: Apache-2.0 */
/* What will go wrong with topics as a target, before it does. Whether they may be written shows only by writing. */
#include <string.h>

#include "base/memory.h"
#include "broker/inquiry.h"
#include "target/kafka.h"
#include "target/kafka_table.h"

struct doctor {
	const struct kafka_options *options;
	struct inquiry *inquiry;
	struct findings *findings;
};

/* The topic with the position: without it the next start does not know where to go on. */
static void check_record(struct doctor *d, const char *topic)
{
	const char *policy;
	struct err e = ERR_INIT;

	if (!inquiry_has_topic(d->inquiry, topic)) {
		if (inquiry_may_make(d->inquiry, topic, d->options->replicas > 0 ? (int)d->options->replicas : -1, &e) < 0)
			findings_add(d->findings, true, "%s", e.text);
		return;
	}
	if (inquiry_read(d->inquiry, topic, &e) < 0)
		return;
	policy = inquiry_setting(d->inquiry, "cleanup.policy");
	if (policy != NULL && strcmp(policy, "compact") != 0)
		findings_add(d->findings, true,
			     "topic %s holds the position and its cleanup.policy is %s: the position would be "
			     "deleted; mend: kafka-configs --alter --topic %s --add-config cleanup.policy=compact",
			     topic, policy, topic);
}

static void check_broker(struct doctor *d)
{
	int64_t bytes, replicas, ours = inquiry_own(d->inquiry, "message.max.bytes");
	struct err e = ERR_INIT;

	if (inquiry_read(d->inquiry, NULL, &e) < 0) {
		findings_add(d->findings, false, "%s: the cluster's defaults are not known", e.text);
		return;
	}
	bytes = inquiry_number(d->inquiry, "message.max.bytes");
	if (bytes >= 0 && bytes < ours)
		findings_add(d->findings, false,
			     "the cluster takes messages of at most %lld bytes, and we send up to %lld: a larger row "
			     "halts; mend: kafka-configs --alter --entity-type brokers --entity-default --add-config "
			     "message.max.bytes=%lld",
			     (long long)bytes, (long long)ours, (long long)ours);
	replicas = inquiry_number(d->inquiry, "default.replication.factor");
	if (d->options->replicas == 0 && inquiry_brokers(d->inquiry) > 1 && replicas == 1)
		findings_add(d->findings, false,
			     "topics are made with one replica: a broker that is lost takes messages with it; mend: "
			     "--topic-replicas 3");
	if (d->options->replicas > inquiry_brokers(d->inquiry)) {
		findings_add(d->findings, true,
			     "--topic-replicas %lld, and the cluster has %u brokers; mend: ask for no more",
			     (long long)d->options->replicas, inquiry_brokers(d->inquiry));
	}
}

int kafka_target_doctor(const struct kafka_options *o, struct findings *out)
{
	struct doctor d = { .options = o, .findings = out };
	char *brokers = NULL, *prefix = NULL;
	struct buffer topic = { 0 };
	struct err e = ERR_INIT;

	if (kafka_url_parse(o->url, &brokers, &prefix, &e) < 0)
		goto out;
	o->broker->brokers = brokers;
	if (inquiry_open(&d.inquiry, o->broker, &e) < 0)
		goto out;
	check_broker(&d);
	buffer_format(&topic, "__tailrace.%s", prefix);
	check_record(&d, buffer_string(&topic));
out:
	if (e.kind != ERR_NONE)
		findings_add(out, true, "%s", e.text);
	inquiry_close(d.inquiry);
	buffer_release(&topic);
	memory_free(brokers);
	memory_free(prefix);
	return 0;
}

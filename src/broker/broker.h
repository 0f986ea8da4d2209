/* SPDX-License-Identifier: Apache-2.0 */
/* How to reach a Kafka cluster; what producer and consumer have in common. librdkafka does the talking. */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "base/option.h"

struct broker_options {
	const char *brokers; /* "host:port,host:port", of a URL: not in the table */
	char *properties;    /* lines of NAME=VALUE for librdkafka; NULL: none */
};

extern const struct option broker_option_table[];

#endif

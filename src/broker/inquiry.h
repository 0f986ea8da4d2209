/* SPDX-License-Identifier: Apache-2.0 */
/* What a cluster says of itself: its size, its settings and its topics', and whether it would let a topic be made. */
#ifndef BROKER_INQUIRY_H
#define BROKER_INQUIRY_H

#include "base/bytes.h"
#include "base/err.h"
#include "broker/broker.h"

struct inquiry;

/* Connects. ERR_CONFIG: the login was refused; ERR_RETRY: no broker answers. */
int inquiry_open(struct inquiry **out, const struct broker_options *o, struct err *e);
void inquiry_close(struct inquiry *q); /* NULL is fine */

uint32_t inquiry_brokers(const struct inquiry *q);
bool inquiry_has_topic(const struct inquiry *q, const char *topic);
/* A property of our own client: "message.max.bytes". */
int64_t inquiry_own(const struct inquiry *q, const char *property);
/* Asks for the settings of a topic, or with NULL of a broker; ERR_CONFIG: the user may not ask. */
int inquiry_read(struct inquiry *q, const char *topic, struct err *e);
/* One of them; NULL when it is not told. Valid until the next inquiry_read. */
const char *inquiry_setting(const struct inquiry *q, const char *name);
/* The same as a number; -1 also when it is not told. */
int64_t inquiry_number(const struct inquiry *q, const char *name);
/* Whether such a topic could be made, which it is not. `replicas` -1: as many as the cluster's default. */
int inquiry_may_make(struct inquiry *q, const char *topic, int replicas, struct err *e);

#endif

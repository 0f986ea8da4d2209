/* SPDX-License-Identifier: Apache-2.0 */
/* Random names, their text, and the Z85 form in which deletion vectors spell them (ZeroMQ RFC 32). */
#ifndef TABLE_UUID_H
#define TABLE_UUID_H

#include <stdbool.h>

#include "base/bytes.h"

#define UUID_BYTES      16
#define UUID_TEXT_BYTES 36
#define UUID_Z85_BYTES  20

void uuid_random(uint8_t out[UUID_BYTES]); /* version 4 */
/* "d2c639aa-8816-431a-aaf6-d3fe2512ff61" */
void uuid_format(char out[UUID_TEXT_BYTES + 1], const uint8_t uuid[UUID_BYTES]);

/* Appends 5 characters for every 4 bytes; the size must be a multiple of 4. */
void z85_encode(struct buffer *out, struct bytes data);
/* Appends 4 bytes for every 5 characters. False: another length, a foreign character or an overflow. */
bool z85_decode(struct buffer *out, struct bytes text);

#endif

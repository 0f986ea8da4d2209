/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/mysql.h"

int mysql_doctor(const struct mysql_options *options, struct buffer *out, uint32_t *fatal,
		 struct err *e)
{
	(void)options, (void)out, (void)fatal;
	return err_set(e, ERR_CONFIG, "not there");
}

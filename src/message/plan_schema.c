/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A field's schema as Connect's JsonConverter writes it: type, optional, name, version, doc, parameters, default, field.
 */
#include "message/plan.h"

#include "message/put.h"

/*
 * Of enum('a','it''s','x,y') the labels with commas between them: "a,it's,x\,y". In the source's words quotes are
 * doubled and nothing else is escaped.
 */
static void append_labels(const char *type, struct buffer *out)
{
	struct buffer labels = { 0 };
	const char *at = strchr(type, '\'');

	while (at != NULL && *at == '\'') {
		for (at++; *at != 0 && !(at[0] == '\'' && at[1] != '\''); at++) {
			at += at[0] == '\'';
			if (*at == ',')
				buffer_char(&labels, '\\');
			buffer_char(&labels, *at);
		}
		at += *at != 0;
		if (*at == ',') {
			buffer_char(&labels, ',');
			at++;
		}
	}
	append_bytes_string(out, buffer_bytes(&labels));
	buffer_release(&labels);
}

static void append_parameters(const struct plan *p, struct buffer *out)
{
	switch ((enum kind_index)(p->kind - plan_kinds)) {
	case KIND_DECIMAL:
		buffer_format(out, ",\"parameters\":{\"scale\":\"%u\",\"connect.decimal.precision\":\"%u\"}",
			      p->scale, p->precision);
		break;
	case KIND_BITS:
		buffer_format(out, ",\"parameters\":{\"length\":\"%u\"}", p->bits);
		break;
	case KIND_ENUM:
	case KIND_SET:
		buffer_text(out, ",\"parameters\":{\"allowed\":");
		append_labels(p->field->source_type, out);
		buffer_char(out, '}');
		break;
	default:
		break;
	}
}

void plan_schema(const struct plan *p, const struct schema *s, struct buffer *out)
{
	const struct kind *k = p->kind;
	bool is_optional = k->is_optional || (p->field->is_nullable && !p->field->null_is_invalid);

	buffer_format(out, "{\"type\":\"%s\"", k->type);
	if (k->inner != NULL)
		buffer_format(out, ",%s", k->inner);
	buffer_format(out, ",\"optional\":%s", is_optional ? "true" : "false");
	if (k->name != NULL)
		buffer_format(out, ",\"name\":\"%s\",\"version\":1", k->name);
	if (k->doc != NULL)
		buffer_format(out, ",\"doc\":\"%s\"", k->doc);
	append_parameters(p, out);
	if (plan_has_default(p, s)) {
		buffer_text(out, ",\"default\":");
		plan_default(p, s, out);
	}
	buffer_text(out, ",\"field\":");
	append_string(out, p->field->name);
	buffer_char(out, '}');
}

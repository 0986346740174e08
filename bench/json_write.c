/* SPDX-License-Identifier: MIT */
/*
 * A streaming writer of some hundred lines. A JSON library was rejected: the tool writes one known
 * shape and reads none.
 */
#include "json_write.h"

#include <errno.h>
#include <math.h>
#include <string.h>

void json_begin(json_write *json, FILE *out) {
  memset(json, 0, sizeof *json);
  json->out = out;
}

static void json_string(json_write *json, const char *text) {
  const unsigned char *p = (const unsigned char *)text;
  fputc('"', json->out);
  for (; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\')
      fprintf(json->out, "\\%c", *p);
    else if (*p == '\n')
      fputs("\\n", json->out);
    else if (*p == '\t')
      fputs("\\t", json->out);
    else if (*p < 0x20)
      fprintf(json->out, "\\u%04x", *p);
    else
      fputc(*p, json->out);
  }
  fputc('"', json->out);
}

/* What comes before a member: comma, new line, indentation, name. */
static void json_member(json_write *json, const char *name) {
  if (json->depth > 0) {
    if (json->filled[json->depth - 1]) fputc(',', json->out);
    if (!json->compact) fprintf(json->out, "\n%*s", 2 * json->depth, "");
    json->filled[json->depth - 1] = 1;
  }
  if (name != NULL) {
    json_string(json, name);
    fputs(json->compact ? ":" : ": ", json->out);
  }
}

static void json_open(json_write *json, const char *name, char bracket) {
  json_member(json, name);
  fputc(bracket, json->out);
  if (json->depth < JSON_DEPTH_MAX) json->filled[json->depth] = 0;
  json->depth++;
}

static void json_close(json_write *json, char bracket) {
  json->depth--;
  if (json->filled[json->depth] && !json->compact) fprintf(json->out, "\n%*s", 2 * json->depth, "");
  fputc(bracket, json->out);
  if (json->depth == 0 && !json->compact) fputc('\n', json->out);
}

void json_object(json_write *json, const char *name) {
  json_open(json, name, '{');
}

void json_object_end(json_write *json) {
  json_close(json, '}');
}

void json_array(json_write *json, const char *name) {
  json_open(json, name, '[');
}

void json_array_end(json_write *json) {
  json_close(json, ']');
}

void json_text(json_write *json, const char *name, const char *value) {
  json_member(json, name);
  json_string(json, value);
}

void json_integer(json_write *json, const char *name, int64_t value) {
  json_member(json, name);
  fprintf(json->out, "%lld", (long long)value);
}

void json_real(json_write *json, const char *name, double value) {
  json_member(json, name);
  if (isfinite(value))
    fprintf(json->out, "%.9g", value);
  else
    fputs("null", json->out);
}

void json_truth(json_write *json, const char *name, int value) {
  json_member(json, name);
  fputs(value ? "true" : "false", json->out);
}

int json_file(const char *path, void (*write)(const void *ctx, FILE *out), const void *ctx) {
  char temporary[1024];
  FILE *out;
  int rc = 0;
  if (snprintf(temporary, sizeof temporary, "%s.part", path) >= (int)sizeof temporary) {
    rc = ENAMETOOLONG;
  } else if ((out = fopen(temporary, "w")) == NULL) {
    rc = errno;
  } else {
    write(ctx, out);
    if (ferror(out)) rc = EIO;
    if (fclose(out) != 0 && rc == 0) rc = errno;
    if (rc == 0 && rename(temporary, path) != 0) rc = errno;
    if (rc != 0) remove(temporary);
  }
  if (rc != 0) fprintf(stderr, "trivet-bench: cannot write %s: %s\n", path, strerror(rc));
  return rc;
}

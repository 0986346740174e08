/* SPDX-License-Identifier: MIT */
/* Writes JSON (RFC 8259) to a stream: the caller names the parts, commas and escapes are done here.
 */
#ifndef TRIVET_BENCH_JSON_WRITE_H
#define TRIVET_BENCH_JSON_WRITE_H

#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 16

typedef struct json_write {
  FILE *out;
  int depth;
  int compact;                /* 1: on one line, without spaces */
  int filled[JSON_DEPTH_MAX]; /* 1: the object or array has a member already */
} json_write;

void json_begin(json_write *json, FILE *out);
/* name is the member's name within an object, NULL within an array and at the top. */
void json_object(json_write *json, const char *name);
void json_object_end(json_write *json);
void json_array(json_write *json, const char *name);
void json_array_end(json_write *json);
void json_text(json_write *json, const char *name, const char *value);
void json_integer(json_write *json, const char *name, int64_t value);
/* A number that is not finite is written as null. */
void json_real(json_write *json, const char *name, double value);
void json_truth(json_write *json, const char *name, int value);

/*
 * Writes a file by `write`, beside its name, and renames it: a reader never finds half of one.
 * Returns 0, or an errno after saying so on stderr.
 */
int json_file(const char *path, void (*write)(const void *ctx, FILE *out), const void *ctx);

#endif

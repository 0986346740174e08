/* SPDX-License-Identifier: MIT */
/*
 * A hand-written scanner. Regular expressions were rejected: the field is parsed 100,000 times in
 * a load, and a malformed part must be passed over alone, not with its whole field.
 */
#include "deb_depends.h"

#include <stdlib.h>
#include <string.h>

#include "tool_heap.h"

typedef struct deb_scan {
  const char *at, *end;
} deb_scan;

static void deb_scan_spaces(deb_scan *scan) {
  while (scan->at < scan->end &&
         (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
    scan->at++;
}

/* The characters up to one of `stops` or white space. */
static tv_slice deb_scan_word(deb_scan *scan, const char *stops) {
  const char *from = scan->at;
  while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) == NULL &&
         strchr(stops, *scan->at) == NULL)
    scan->at++;
  return tv_bytes(from, (size_t)(scan->at - from));
}

/* What stands between the bracket at the scan and `close`, trimmed at its ends. Returns 0 when it
 * is not closed. */
static int deb_scan_bracket(deb_scan *scan, char close, tv_slice *inside) {
  const char *from = scan->at + 1, *to;
  to = memchr(from, close, (size_t)(scan->end - from));
  if (to == NULL) return 0;
  scan->at = to + 1;
  while (from < to && (*from == ' ' || *from == '\t')) from++;
  while (to > from && (to[-1] == ' ' || to[-1] == '\t')) to--;
  *inside = tv_bytes(from, (size_t)(to - from));
  return 1;
}

/* ">= 1.2". The old "<" and ">" mean "<=" and ">=". */
static int deb_scan_version(tv_slice text, deb_dependency *out) {
  static const struct {
    const char *text, *meaning;
  } relations[] = {{"<<", "<<"}, {"<=", "<="}, {">>", ">>"}, {">=", ">="},
                   {"=", "="},   {"<", "<="},  {">", ">="}};
  deb_scan scan;
  size_t i;
  scan.at = text.data;
  scan.end = scan.at + text.size;
  for (i = 0; i < sizeof relations / sizeof relations[0]; i++) {
    size_t n = strlen(relations[i].text);
    if (text.size < n || memcmp(text.data, relations[i].text, n) != 0) continue;
    out->relation = relations[i].meaning;
    scan.at += n;
    deb_scan_spaces(&scan);
    out->version = deb_scan_word(&scan, "");
    return out->version.size > 0 && scan.at == scan.end;
  }
  return 0;
}

/* One alternative, from its name to the next '|' or ',' or the end. Returns 0: malformed. */
static int deb_scan_one(deb_scan *scan, deb_dependency *out) {
  tv_slice inside;
  out->name = deb_scan_word(scan, ":([<|,");
  if (out->name.size == 0) return 0;
  if (scan->at < scan->end && *scan->at == ':') {
    scan->at++;
    out->qualifier = deb_scan_word(scan, "([<|,");
    if (out->qualifier.size == 0) return 0;
  }
  for (;;) {
    deb_scan_spaces(scan);
    if (scan->at == scan->end || *scan->at == '|' || *scan->at == ',') return 1;
    if (*scan->at == '(') {
      if (!deb_scan_bracket(scan, ')', &inside) || !deb_scan_version(inside, out)) return 0;
    } else if (*scan->at == '[') {
      if (!deb_scan_bracket(scan, ']', &out->architectures)) return 0;
    } else if (*scan->at == '<') {
      const char *from = out->profiles.size > 0 ? out->profiles.data : scan->at;
      if (!deb_scan_bracket(scan, '>', &inside)) return 0;
      out->profiles = tv_bytes(from, (size_t)(scan->at - from));
    } else {
      return 0;
    }
  }
}

/* Passes over the rest of a malformed alternative. */
static void deb_scan_skip(deb_scan *scan) {
  while (scan->at < scan->end && *scan->at != '|' && *scan->at != ',') scan->at++;
}

void deb_depends_parse(tv_slice field, deb_dependencies *list) {
  deb_scan scan;
  unsigned group = 1;
  size_t group_start = list->n, i;
  int more = field.size > 0;
  scan.at = field.data;
  scan.end = more ? scan.at + field.size : scan.at;
  while (more) {
    deb_dependency one = {0};
    char stop;
    one.relation = "";
    deb_scan_spaces(&scan);
    /* An empty part is what a trailing comma leaves; policy allows it. */
    if (scan.at < scan.end && *scan.at != ',') {
      if (deb_scan_one(&scan, &one)) {
        one.group = group;
        heap_grow(&list->items, &list->capacity, list->n + 1, sizeof *list->items);
        list->items[list->n++] = one;
      } else {
        deb_scan_skip(&scan);
        list->malformed++;
      }
    }
    more = scan.at < scan.end;
    stop = more ? *scan.at++ : ',';
    if (stop == '|') continue;
    for (i = group_start; i < list->n; i++)
      list->items[i].alternatives = (unsigned)(list->n - group_start);
    if (list->n > group_start) group++;
    group_start = list->n;
  }
}

void deb_dependencies_free(deb_dependencies *list) {
  free(list->items);
  memset(list, 0, sizeof *list);
}

/* ---- Versions ---- */

static int deb_is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* The rank of a character: '~' before the end, the end before letters, letters before the rest. */
static int deb_version_rank(const char *p, const char *end) {
  if (p == end || deb_is_digit(*p)) return 0;
  if (*p == '~') return -1;
  if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')) return *p;
  return (unsigned char)*p + 256;
}

/* One of the parts: upstream version or revision. */
static int deb_version_part(const char *a, const char *a_end, const char *b, const char *b_end) {
  while (a < a_end || b < b_end) {
    int difference = 0;
    while ((a < a_end && !deb_is_digit(*a)) || (b < b_end && !deb_is_digit(*b))) {
      int x = deb_version_rank(a, a_end), y = deb_version_rank(b, b_end);
      if (x != y) return x - y;
      if (a < a_end) a++;
      if (b < b_end) b++;
    }
    while (a < a_end && *a == '0') a++;
    while (b < b_end && *b == '0') b++;
    while (a < a_end && deb_is_digit(*a) && b < b_end && deb_is_digit(*b)) {
      if (difference == 0) difference = *a - *b;
      a++;
      b++;
    }
    if (a < a_end && deb_is_digit(*a)) return 1;
    if (b < b_end && deb_is_digit(*b)) return -1;
    if (difference != 0) return difference;
  }
  return 0;
}

typedef struct deb_version {
  int64_t epoch;
  const char *upstream, *upstream_end, *revision, *revision_end;
} deb_version;

static void deb_version_split(tv_slice text, deb_version *out) {
  const char *from = text.size > 0 ? text.data : "", *end = from + text.size, *p;
  const char *colon = text.size > 0 ? memchr(from, ':', text.size) : NULL;
  out->epoch = 0;
  if (colon != NULL) {
    for (p = from; p < colon && deb_is_digit(*p) && out->epoch < INT32_MAX; p++)
      out->epoch = 10 * out->epoch + (*p - '0');
    from = colon + 1;
  }
  out->upstream = from;
  out->upstream_end = end;
  out->revision = out->revision_end = end;
  for (p = end; p > from; p--) {
    if (p[-1] != '-') continue;
    out->upstream_end = p - 1;
    out->revision = p;
    break;
  }
}

int deb_version_compare(tv_slice a, tv_slice b) {
  deb_version x, y;
  int order;
  deb_version_split(a, &x);
  deb_version_split(b, &y);
  if (x.epoch != y.epoch) return x.epoch < y.epoch ? -1 : 1;
  order = deb_version_part(x.upstream, x.upstream_end, y.upstream, y.upstream_end);
  if (order != 0) return order;
  return deb_version_part(x.revision, x.revision_end, y.revision, y.revision_end);
}

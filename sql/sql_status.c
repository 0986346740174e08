/* SPDX-License-Identifier: MIT */
/*
 * The one place where codes of SQLite and statuses of Trivet are translated into each other.
 * A table in each room was rejected: the two directions have to agree.
 */
#include "trivet_sql.h"
#include "vfs_internal.h"

int tvi_sql_code(int status) {
  switch (status) {
    case TV_OK:
      return SQLITE_OK;
    case TV_EXISTS:
      return SQLITE_CONSTRAINT;
    case TV_EMISUSE:
    case TV_EFORK:
      return SQLITE_MISUSE;
    case TV_ENOMEM:
      return SQLITE_NOMEM;
    case TV_EBUSY:
      return SQLITE_BUSY;
    case TV_EINTR:
      return SQLITE_INTERRUPT;
    case TV_ECONFLICT:
      return SQLITE_BUSY_SNAPSHOT;
    case TV_EKEYSIZE:
      return SQLITE_TOOBIG;
    case TV_EREADONLY:
      return SQLITE_READONLY;
    case TV_EIO:
      return SQLITE_IOERR;
    case TV_ERETRY: /* the transaction cannot go on; FULL makes SQLite roll it back */
    case TV_ENOSPC:
    case TV_EFULL:
      return SQLITE_FULL;
    case TV_EACCES:
    case TV_ENOENT:
    case TV_EEXIST:
    case TV_EVERSION:
      return SQLITE_CANTOPEN;
    case TV_ENOTDB:
      return SQLITE_NOTADB;
    case TV_ETRUNCATED:
    case TV_ECORRUPT:
      return SQLITE_CORRUPT;
    case TV_EREADERS:
      return SQLITE_PROTOCOL;
    default:
      return SQLITE_ERROR;
  }
}

int tvi_sql_page_code(int status, int otherwise) {
  switch (status) {
    case TV_OK:
      return SQLITE_OK;
    case TV_ENOMEM:
      return SQLITE_IOERR_NOMEM;
    case TV_ERETRY:
    case TV_ENOSPC:
    case TV_EFULL:
      return SQLITE_FULL;
    default:
      return otherwise;
  }
}

int tvi_vtab_fail(sqlite3_vtab *vtab, int status, const tv_error *err) {
  sqlite3_free(vtab->zErrMsg);
  vtab->zErrMsg = sqlite3_mprintf(
      "%s", err != NULL && err->message[0] != '\0' ? err->message : tv_status_name(status));
  return vtab->zErrMsg == NULL ? SQLITE_NOMEM : tvi_sql_code(status);
}

static int sql_status_of(int code) {
  if (code == SQLITE_BUSY_SNAPSHOT) return TV_ECONFLICT;
  switch (code & 0xff) {
    case SQLITE_OK:
      return TV_OK;
    case SQLITE_BUSY:
      return TV_EBUSY;
    case SQLITE_NOMEM:
      return TV_ENOMEM;
    case SQLITE_INTERRUPT:
      return TV_EINTR;
    case SQLITE_READONLY:
      return TV_EREADONLY;
    case SQLITE_CORRUPT:
      return TV_ECORRUPT;
    case SQLITE_MISUSE:
      return TV_EMISUSE;
    default:
      return TV_ESQL;
  }
}

int tvi_sql_fail(sqlite3 *sql, int code, tv_error *err) {
  int full = sql != NULL ? sqlite3_extended_errcode(sql) : code;
  if (code == SQLITE_OK) return TV_OK;
  if ((full & 0xff) != (code & 0xff)) full = code; /* it tells of another call */
  return tvi_error_set(err, sql_status_of(full), full, "SQLite: %s",
                       sql != NULL ? sqlite3_errmsg(sql) : sqlite3_errstr(code));
}

// The DO block that runs a statement with secrets, so that neither its text nor its errors contain them.

import type { Secret } from '../../core/secret.ts'
import { join, type Sql, type Statement, sql, trusted } from '../../core/sql.ts'

/**
 * The block inserts values that the server already has, so the text that is sent, and that logs and pg_stat_activity show,
 * contains none. `expressionOf` returns the SQL of each value.
 *
 * The exception handler keeps secrets out of errors. The CONTEXT of an error in a dynamic statement is the statement with
 * its values, so the error is re-raised outside of it. Its message is masked too: a wrapper's validator quotes the value
 * that it rejects, and a syntax error quotes the literal. All names are qualified, since the search_path may be anything; nullif
 * is avoided, since it looks for an operator.
 *
 * A statement that waits for a lock is logged with its values after deadlock_timeout, under log_lock_waits. So it waits for
 * less than that.
 */
export function secretBlock(statement: Statement, expressionOf: (secret: Secret, index: number) => Sql): Sql {
  const values = join(statement.secrets.map(expressionOf), ',\n    ')
  const body = sql`
DECLARE
  secrets pg_catalog.text[] := '{}';
  secret pg_catalog.text;
  spelling pg_catalog.text;
  error_state pg_catalog.text;
  error_message pg_catalog.text;
  error_detail pg_catalog.text;
  error_hint pg_catalog.text;
  error_schema pg_catalog.text;
  error_table pg_catalog.text;
  error_constraint pg_catalog.text;
  lock_wait pg_catalog.text := pg_catalog.current_setting('lock_timeout');
BEGIN
  secrets := ARRAY[
    ${values}
  ];
  PERFORM pg_catalog.set_config('lock_timeout', (${shortWait})::pg_catalog.text, true);
  EXECUTE pg_catalog.format(${dollarQuoted(statement.sql, 'statement')}, VARIADIC secrets);
  PERFORM pg_catalog.set_config('lock_timeout', lock_wait, true);
EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
  GET STACKED DIAGNOSTICS error_state = RETURNED_SQLSTATE, error_message = MESSAGE_TEXT,
    error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT, error_schema = SCHEMA_NAME,
    error_table = TABLE_NAME, error_constraint = CONSTRAINT_NAME;
  FOREACH secret IN ARRAY secrets LOOP
    CONTINUE WHEN pg_catalog.length(secret) OPERATOR(pg_catalog.<) 3;
    FOREACH spelling IN ARRAY ARRAY[pg_catalog.quote_literal(secret), secret, pg_catalog.replace(secret, '''', ''''''),
                                    pg_catalog.replace(secret, '"', '""'), pg_catalog.btrim(secret)] LOOP
      CONTINUE WHEN spelling OPERATOR(pg_catalog.=) '';
      -- After ***= the rest of a pattern is plain text.
      spelling := '***=' OPERATOR(pg_catalog.||) spelling;
      error_message := pg_catalog.regexp_replace(error_message, spelling, '(secret)', 'gi');
      error_detail := pg_catalog.regexp_replace(error_detail, spelling, '(secret)', 'gi');
      error_hint := pg_catalog.regexp_replace(error_hint, spelling, '(secret)', 'gi');
    END LOOP;
  END LOOP;
  RAISE EXCEPTION USING ERRCODE = error_state, MESSAGE = error_message, DETAIL = error_detail, HINT = error_hint,
    SCHEMA = error_schema, TABLE = error_table, CONSTRAINT = error_constraint;
END
`
  return sql`DO ${dollarQuoted(body, 'fdwsync')}`
}

/** Half of deadlock_timeout, or lock_timeout if that is less, in milliseconds. */
const shortWait = trusted(`
    SELECT least(greatest(d.setting::pg_catalog.int4 OPERATOR(pg_catalog./) 2, 1),
                 CASE WHEN l.setting OPERATOR(pg_catalog.<>) '0' THEN l.setting::pg_catalog.int4 END)
      FROM pg_catalog.pg_settings AS d, pg_catalog.pg_settings AS l
     WHERE d.name OPERATOR(pg_catalog.=) 'deadlock_timeout' AND l.name OPERATOR(pg_catalog.=) 'lock_timeout'`)

/** Dollar-quotes the text, with a tag that does not occur in it. */
function dollarQuoted(text: Sql, name: string): Sql {
  let tag = `$${name}$`
  for (let count = 1; text.includes(tag); count++) tag = `$${name}${count}$`
  return trusted(`${tag}${text}${tag}`)
}

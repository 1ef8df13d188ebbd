import type { Secret } from '../../core/secret.ts'
import { join, type Sql, type Statement, sql, trusted } from '../../core/sql.ts'

/**
 * The DO block that runs a statement with secrets: it fills in values that the server has already, so the text that
 * is sent, and that logs and pg_stat_activity show, holds none. `expressionOf` gives the SQL of each value.
 *
 * The exception handler is what keeps errors clean: the CONTEXT of an error in a dynamic statement is that statement,
 * with everything filled in. So it is raised anew, from outside, with its message cleaned of the values: a wrapper's
 * validator quotes the value that it rejects, a syntax error the literal. Everything is qualified, since the session's
 * search_path may be anything.
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
BEGIN
  secrets := ARRAY[
    ${values}
  ];
  EXECUTE pg_catalog.format(${dollarQuoted(statement.sql, 'statement')}, VARIADIC secrets);
EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
  GET STACKED DIAGNOSTICS error_state = RETURNED_SQLSTATE, error_message = MESSAGE_TEXT,
    error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT, error_schema = SCHEMA_NAME,
    error_table = TABLE_NAME, error_constraint = CONSTRAINT_NAME;
  FOREACH secret IN ARRAY secrets LOOP
    CONTINUE WHEN pg_catalog.length(secret) OPERATOR(pg_catalog.<) 3;
    FOREACH spelling IN ARRAY ARRAY[pg_catalog.quote_literal(secret), secret] LOOP
      error_message := pg_catalog.replace(error_message, spelling, '(secret)');
      error_detail := pg_catalog.replace(error_detail, spelling, '(secret)');
      error_hint := pg_catalog.replace(error_hint, spelling, '(secret)');
    END LOOP;
  END LOOP;
  RAISE EXCEPTION USING ERRCODE = error_state, MESSAGE = error_message, DETAIL = error_detail, HINT = error_hint,
    SCHEMA = error_schema, TABLE = error_table, CONSTRAINT = error_constraint;
END
`
  return sql`DO ${dollarQuoted(body, 'fdwsync')}`
}

/** Between dollar quotes, with a tag that does not occur in the text. */
function dollarQuoted(text: Sql, name: string): Sql {
  let tag = `$${name}$`
  for (let count = 1; text.includes(tag); count++) tag = `$${name}${count}$`
  return trusted(`${tag}${text}${tag}`)
}

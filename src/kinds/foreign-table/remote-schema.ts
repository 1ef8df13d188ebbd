// The schema in which postgres_fdw looks for a table at the source: unless an option names it, the one in which the foreign table is. A successor that
// is read while it is in another schema needs the option until then.
import { literal, type Sql, type Statement, sql, statement } from '../../core/sql.ts'
import type { OptionValues } from '../facets/options.ts'

/** Has a table that is in another schema read from this one, if postgres_fdw serves it: other wrappers have no such option. */
export function keepRemoteSchema(table: Sql, options: OptionValues, schema: string): readonly Statement[] {
  const readsBySchema = sql`EXISTS (SELECT FROM pg_catalog.pg_foreign_table AS t
    JOIN pg_catalog.pg_foreign_server AS s ON s.oid OPERATOR(pg_catalog.=) t.ftserver
    JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid OPERATOR(pg_catalog.=) s.srvfdw
    JOIN pg_catalog.pg_proc AS p ON p.oid OPERATOR(pg_catalog.=) w.fdwhandler
    JOIN pg_catalog.pg_language AS l ON l.oid OPERATOR(pg_catalog.=) p.prolang
   WHERE t.ftrelid OPERATOR(pg_catalog.=) ${literal(table)}::pg_catalog.regclass
     AND l.lanname OPERATOR(pg_catalog.=) 'c' AND p.prosrc OPERATOR(pg_catalog.=) 'postgres_fdw_handler')`
  return alterIf(readsBySchema, options, sql`ALTER FOREIGN TABLE ${table} OPTIONS (ADD schema_name ${literal(schema)})`)
}

/** Once it is in its own schema. */
export function dropRemoteSchema(table: Sql, options: OptionValues): readonly Statement[] {
  const isNamed = sql`EXISTS (SELECT FROM pg_catalog.pg_foreign_table AS t CROSS JOIN LATERAL pg_catalog.unnest(t.ftoptions) AS o
   WHERE t.ftrelid OPERATOR(pg_catalog.=) ${literal(table)}::pg_catalog.regclass AND pg_catalog.starts_with(o, 'schema_name='))`
  return alterIf(isNamed, options, sql`ALTER FOREIGN TABLE ${table} OPTIONS (DROP schema_name)`)
}

function alterIf(condition: Sql, options: OptionValues, alter: Sql): readonly Statement[] {
  if (Object.hasOwn(options, 'schema_name')) return []
  const body = sql`BEGIN IF ${condition} THEN ${alter}; END IF; END`
  return [statement(sql`DO ${literal(body)}`)]
}

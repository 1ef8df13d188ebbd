// The schema in which postgres_fdw looks for a table at the source: unless an option names it, it has the name of the foreign
// table's schema. So a successor needs the option while it is read in a scratch schema.
import { literal, type Sql, type Statement, sql, statement } from '../../core/sql.ts'
import type { OptionValues } from '../facets/options.ts'
import { isPostgresFdw } from './postgres-fdw.ts'

/** Adds the option to a table in another schema, if it is one of postgres_fdw: other wrappers have no such option. */
export function keepRemoteSchema(table: Sql, options: OptionValues, schema: string): readonly Statement[] {
  const readsBySchema = sql`EXISTS (SELECT FROM pg_catalog.pg_foreign_table AS t
    JOIN pg_catalog.pg_foreign_server AS s ON s.oid OPERATOR(pg_catalog.=) t.ftserver
    JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid OPERATOR(pg_catalog.=) s.srvfdw
   WHERE t.ftrelid OPERATOR(pg_catalog.=) ${literal(table)}::pg_catalog.regclass AND ${isPostgresFdw(sql`w.fdwhandler`)})`
  return alterIf(readsBySchema, options, sql`ALTER FOREIGN TABLE ${table} OPTIONS (ADD schema_name ${literal(schema)})`)
}

/** Drops the option once the table is in its own schema. */
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

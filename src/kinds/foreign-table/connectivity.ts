// How to connect to the source of a foreign table and read nothing.
import type { IdOf } from '../../core/object.ts'
import { ident, qualified, sql, statement, statementOf } from '../../core/sql.ts'
import { optionsClause } from '../facets/options.ts'
import type { ConnectivityProbe } from '../kind.ts'
import type { ForeignTableSpec } from './spec.ts'

export function connectivityProbe(id: IdOf<'foreignTable'>, { server, options }: ForeignTableSpec): ConnectivityProbe {
  return {
    ...connectThrough(id, server),
    standIn(scratch) {
      const table = qualified(scratch, id.name)
      return [
        statementOf([sql`CREATE FOREIGN TABLE ${table} () SERVER ${ident(server)}`, ...optionsClause(options)]),
        statement(sql`SELECT FROM ${table} LIMIT 0`),
      ]
    },
  }
}

/** LIMIT 0 fetches nothing, but a foreign scan connects as soon as it begins. */
export function connectThrough({ schema, name }: IdOf<'foreignTable'>, server: string): ConnectivityProbe {
  return { source: server, statement: statement(sql`SELECT FROM ${qualified(schema, name)} LIMIT 0`) }
}

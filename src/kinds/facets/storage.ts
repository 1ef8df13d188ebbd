// Storage parameters and tablespaces of materialized views and indexes.
import type { FieldChange } from '../../core/change.ts'
import { ident, join, literal, type Sql, sql, statement } from '../../core/sql.ts'
import { type Options, optionEdits } from './options.ts'

/** `alter` begins the statement: `ALTER INDEX s.i`. */
export function storageChanges(alter: Sql, from: Options, to: Options): readonly FieldChange[] {
  return optionEdits(from, to).map((edit) => {
    const change =
      typeof edit.to === 'string'
        ? sql`SET (${storageList([[edit.name, edit.to]])})`
        : sql`RESET (${parameter(edit.name)})`
    return {
      field: `with ${edit.name}`,
      from: edit.from as string | undefined, // storage parameters are never secret
      to: edit.to as string | undefined,
      effect: { how: 'statement', statement: statement(sql`${alter} ${change}`) },
    }
  })
}

/** ` WITH (a = 'x')`, or nothing. */
export function storageClause(parameters: Options | undefined): Sql {
  const list = storageList(Object.entries(parameters ?? {}))
  return list === '' ? sql`` : sql` WITH (${list})`
}

export function storageList(parameters: readonly (readonly [string, string])[]): Sql {
  return join(
    parameters.map(([name, value]) => sql`${parameter(name)} = ${literal(value)}`),
    ', ',
  )
}

/** `toast.autovacuum_enabled` is two identifiers and a dot. */
function parameter(name: string): Sql {
  return join(name.split('.').map(ident), '.')
}

export interface Tablespace {
  /** Declared null: the database's default. */
  readonly tablespace: string | null
  /** Live only: the database's default. */
  readonly databaseTablespace?: string
}

/** Attributes of a spec, for the relation `c` of a catalog query. In the catalog, 0 is the database's default tablespace. */
export const tablespaceColumns = `
  'tablespace', (SELECT spcname FROM pg_database JOIN pg_tablespace t ON t.oid = coalesce(nullif(c.reltablespace, 0), dattablespace)
                  WHERE datname = current_database()),
  'databaseTablespace', (SELECT spcname FROM pg_database JOIN pg_tablespace t ON t.oid = dattablespace
                          WHERE datname = current_database())`

/** Changed in place, although that copies the data and blocks readers meanwhile. */
export function tablespaceChange(alter: Sql, from: Tablespace, to: Tablespace): readonly FieldChange[] {
  const wanted = to.tablespace ?? from.databaseTablespace
  if (wanted === undefined || from.tablespace === wanted) return []
  const effect = { how: 'statement', statement: statement(sql`${alter} SET TABLESPACE ${ident(wanted)}`) } as const
  return [{ field: 'tablespace', from: from.tablespace ?? undefined, to: wanted, effect }]
}

export function writtenTablespace({ tablespace, databaseTablespace }: Tablespace): string | undefined {
  return tablespace === databaseTablespace ? undefined : (tablespace ?? undefined)
}

/** Why parameters cannot be set: without a TOAST table the server accepts `toast.*` parameters and discards them. */
export function untoastable(parameters: Options | undefined, hasToast: boolean | undefined): string | undefined {
  const toast = Object.keys(parameters ?? {}).filter((name) => name.startsWith('toast.'))
  if (toast.length === 0 || hasToast !== false) return undefined
  return `${toast.join(', ')} cannot be set: it has no TOAST table, since none of its columns can be that large`
}

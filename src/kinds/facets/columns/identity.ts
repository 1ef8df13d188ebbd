// Identity columns: from a manifest and back, and their SQL. The options and the position of their sequences are not managed.
import { ident, type Sql, sql, trusted } from '../../../core/sql.ts'

/** In PostgreSQL's words. */
export type Identity = 'always' | 'by default'

type Declared = 'always' | 'by_default'

export function declaredIdentity(declared: Declared | undefined): { readonly identity?: Identity } {
  return declared === undefined ? {} : { identity: declared === 'always' ? 'always' : 'by default' }
}

export function writtenIdentity(identity: Identity | null | undefined): Declared | undefined {
  return identity ? (identity === 'always' ? 'always' : 'by_default') : undefined
}

/** In a column definition. */
export function identityConstraint(identity: Identity | null | undefined): Sql {
  return identity ? sql` ${generated(identity)} AS IDENTITY` : sql``
}

/** The clause of an ALTER. */
export function alterIdentity(name: string, from: Identity | null, to: Identity | null): Sql {
  const alter = sql`ALTER COLUMN ${ident(name)}`
  if (!to) return sql`${alter} DROP IDENTITY`
  return from ? sql`${alter} SET ${generated(to)}` : sql`${alter} ADD ${generated(to)} AS IDENTITY`
}

function generated(identity: Identity): Sql {
  return sql`GENERATED ${trusted(identity.toUpperCase())}`
}

/** Of the column `a` of the relation `c`, in a catalog query. From PostgreSQL 17 on, a partition has those of its parent. */
export const identityColumn = `
  'identity', CASE WHEN c.relispartition AND current_setting('server_version_num')::int >= 170000 THEN NULL
                   WHEN a.attidentity = 'a' THEN 'always' WHEN a.attidentity = 'd' THEN 'by default' END`

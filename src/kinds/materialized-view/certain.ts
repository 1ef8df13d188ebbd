// Materialized views that PostgreSQL certainly accepts, and shows in a known form: those of all columns of a foreign table that is
// certain itself, as in mirrors.
import { sameData } from '../../core/data.ts'
import type { Relation } from '../../core/object.ts'
import { qualified } from '../../core/sql.ts'
import { type CopySpec, columnsDeclared } from '../facets/copy/copy.ts'
import type { CertainQuery } from '../probing.ts'

export const certainViews: CertainQuery<CopySpec> = {
  isCertain: (spec, relation) =>
    spec.query.trim() === `SELECT * FROM ${qualified(relation.schema, relation.name)}` &&
    spec.accessMethod === null &&
    spec.tablespace === null &&
    Object.keys(spec.with ?? {}).length === 0 &&
    columnsDeclared(spec).names.length === 0 &&
    // Up to 15, PostgreSQL uses these names in the query of a view, and shows other ones instead.
    !['old', 'new'].includes(relation.name),
  shown: (spec, relation, columns, { quoted, hasPrefix }) => ({
    ...spec,
    query: shownQuery(relation, [...columns.keys()], quoted, hasPrefix),
    columns: columnsOf(columns),
  }),
  styleOf(shown, relation, columns, quoted) {
    const read = shown.columns.map(({ name, type, collation }) => ({ name, type, collation }))
    if (!sameData(read, columnsOf(columns))) return undefined
    const hasPrefix = [false, true].find(
      (each) => shownQuery(relation, [...columns.keys()], quoted, each) === shown.query,
    )
    return hasPrefix === undefined ? undefined : { quoted, hasPrefix }
  },
}

function columnsOf(types: ReadonlyMap<string, string>): CopySpec['columns'] {
  return Array.from(types, ([name, type]) => ({ name, type, collation: null }))
}

function shownQuery(
  { schema, name }: Relation,
  columns: readonly string[],
  quoted: (name: string) => string,
  hasPrefix: boolean,
): string {
  const prefix = hasPrefix ? `${quoted(name)}.` : ''
  const list = columns.map((column) => `${prefix}${quoted(column)}`).join(',\n    ')
  return ` SELECT ${list}\n   FROM ${quoted(schema)}.${quoted(name)}`
}

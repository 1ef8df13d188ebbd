// The rows of the catalogs that describe managed objects, in a form that shows which of them a change has written.

import { connect } from '../servers/databases.ts'
/** Catalog rows by what they describe; a value is another once the row was written again. */
export type Rows = ReadonlyMap<string, { readonly oid: number; readonly written: string }>

const relation = 'JOIN pg_class c ON c.oid = %s JOIN pg_namespace n ON n.oid = c.relnamespace'
const name = `CASE WHEN n.nspname = 'pg_toast'
  THEN regexp_replace(c.relname, '^pg_toast_(\\d+)', (substring(c.relname, '\\d+')::oid::regclass) || ', toast')
  ELSE format('%s.%s', n.nspname, c.relname) END`

/** Each catalog: how a row is called, whose OID it has, and where it comes from. `r` is the row. */
const catalogs: readonly (readonly [what: string, name: string, oid: string, from: string])[] = [
  ['extension', 'r.extname', 'r.oid', 'pg_extension r'],
  ['schema', 'r.nspname', 'r.oid', 'pg_namespace r'],
  ['wrapper', 'r.fdwname', 'r.oid', 'pg_foreign_data_wrapper r'],
  ['server', 'r.srvname', 'r.oid', 'pg_foreign_server r'],
  [
    'user mapping',
    "format('%s on %s', CASE r.umuser WHEN 0 THEN 'public' ELSE pg_get_userbyid(r.umuser) END, s.srvname)",
    'r.oid',
    'pg_user_mapping r JOIN pg_foreign_server s ON s.oid = r.umserver',
  ],
  ['foreign table', name, 'r.ftrelid', `pg_foreign_table r ${relation.replace('%s', 'r.ftrelid')}`],
  [
    'relation',
    name,
    'c.oid',
    'pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL (SELECT c.xmin, c.ctid) r',
  ],
  [
    'column',
    `format('%s.%s', ${name}, r.attname)`,
    'r.attnum::oid',
    `pg_attribute r ${relation.replace('%s', 'r.attrelid')} AND r.attnum > 0 AND NOT r.attisdropped`,
  ],
  [
    'default',
    `format('%s.%s', ${name}, a.attname)`,
    'r.oid',
    `pg_attrdef r JOIN pg_attribute a ON a.attrelid = r.adrelid AND a.attnum = r.adnum ${relation.replace('%s', 'r.adrelid')}`,
  ],
  ['constraint', 'r.conname', 'r.oid', 'pg_constraint r WHERE r.oid >= 16384'],
  ['index', name, 'r.indexrelid', `pg_index r ${relation.replace('%s', 'r.indexrelid')}`],
  ['rule', name, 'r.oid', `pg_rewrite r ${relation.replace('%s', 'r.ev_class')}`],
  ['type', "format('%s.%s', n.nspname, r.typname)", 'r.oid', 'pg_type r JOIN pg_namespace n ON n.oid = r.typnamespace'],
  ['enumeration value', "format('%s.%s', r.enumtypid::regtype, r.enumlabel)", 'r.oid', 'pg_enum r'],
  ['statistics', 'r.stxname', 'r.oid', 'pg_statistic_ext r'],
  ['inheritance', "format('%s of %s', r.inhrelid::regclass, r.inhparent::regclass)", 'r.inhrelid', 'pg_inherits r'],
  [
    'comment',
    'pg_describe_object(r.classoid, r.objoid, r.objsubid)',
    '0::oid',
    'pg_description r WHERE r.objoid >= 16384',
  ],
]

const query = catalogs
  .map(
    ([what, called, oid, from]) =>
      `SELECT '${what === 'comment' ? 'comment on' : what} ' || ${called} AS row, ${oid} AS oid, r.xmin::text || r.ctid::text AS written FROM ${from}`,
  )
  .join('\nUNION ALL\n')

/** All rows of the catalogs that what fdwsync manages lives in, but for those of its ledger. */
export async function catalogRows(url: string): Promise<Rows> {
  const client = await connect(url)
  try {
    const { rows } = await client.query<{ row: string; oid: number; written: string }>(query)
    return new Map(
      rows
        .filter(({ row }) => !/ (fdwsync|pg_catalog|information_schema)\./.test(row))
        .map(({ row, oid, written }) => [row, { oid, written }]),
    )
  } finally {
    await client.end()
  }
}

/** `server shop` was written again, `added …`, `removed …`, `replaced …` by another object of that name. */
export function touched(before: Rows, after: Rows): readonly string[] {
  const added = [...after.keys()].filter((row) => !before.has(row)).map((row) => `added ${row}`)
  const others = Array.from(before, ([row, { oid, written }]) => {
    const now = after.get(row)
    if (!now) return [`removed ${row}`]
    if (now.oid !== oid) return [`replaced ${row}`]
    return now.written === written ? [] : [row]
  })
  return [...added, ...others.flat()].sort()
}

// Names what cannot be read in a database with the encoding SQL_ASCII, which stores any bytes, while fdwsync reads UTF-8. It is looked for
// only after PostgreSQL has failed to send it: its error names no object.

import { FdwsyncError } from '../core/errors.ts'
import { trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { inReadOnlyTransaction } from './transaction-settings.ts'

/** As many as one line holds. */
const most = 5

/** Bytes in hexadecimal digits. */
const utf8 = '^([0-7].|(c[2-9a-f]|d.)[89ab].|e.[89ab].[89ab].|f[0-4][89ab].[89ab].[89ab].)*$'

const namedCatalogs = [
  ['pg_namespace', 'nspname'],
  ['pg_class', 'relname'],
  ['pg_constraint', 'conname'],
  ['pg_proc', 'proname'],
  ['pg_trigger', 'tgname'],
  ['pg_foreign_server', 'srvname'],
  ['pg_authid', 'rolname'],
] as const

const names = namedCatalogs.map(
  ([catalog, name]) =>
    `SELECT 'the name', '${catalog}'::regclass, oid, 0, ${name}::text FROM ${catalog === 'pg_authid' ? 'pg_roles' : catalog}`,
)

// A description has the bytes of names in an escaped form.
const unreadableQuery = trusted(`
  SELECT what || ' of ' || encode(convert_to(pg_describe_object(catalog, oid, part), 'SQL_ASCII'), 'escape') AS title
    FROM (
      ${names.join(`
      UNION ALL `)}
      UNION ALL SELECT 'the name', 'pg_class'::regclass, attrelid, attnum, attname::text FROM pg_attribute WHERE attnum > 0
      UNION ALL SELECT 'the name', 'pg_type'::regclass, oid, 0, typname::text FROM pg_type WHERE typrelid = 0 AND typelem = 0
      UNION ALL SELECT 'a label', 'pg_type'::regclass, enumtypid, 0, enumlabel::text FROM pg_enum
      UNION ALL SELECT 'the comment', classoid, objoid, objsubid, description FROM pg_description
      UNION ALL SELECT 'an option', 'pg_foreign_server'::regclass, oid, 0, srvoptions::text FROM pg_foreign_server
      UNION ALL SELECT 'an option', 'pg_class'::regclass, ftrelid, 0, ftoptions::text FROM pg_foreign_table
      UNION ALL SELECT 'an option', 'pg_class'::regclass, attrelid, attnum, attfdwoptions::text FROM pg_attribute WHERE attfdwoptions IS NOT NULL
      UNION ALL SELECT 'the default', 'pg_class'::regclass, adrelid, adnum, pg_get_expr(adbin, adrelid) FROM pg_attrdef
      UNION ALL SELECT 'the definition', 'pg_constraint'::regclass, oid, 0, pg_get_constraintdef(oid) FROM pg_constraint WHERE oid >= 16384
      UNION ALL SELECT 'the definition', 'pg_class'::regclass, indexrelid, 0, pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid >= 16384
      UNION ALL SELECT 'the definition', 'pg_class'::regclass, oid, 0, pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm') AND oid >= 16384
    ) AS texts(what, catalog, oid, part, text)
   WHERE encode(convert_to(text, 'SQL_ASCII'), 'hex') !~ '${utf8}'`)

/**
 * Runs the work. If PostgreSQL fails to send text as UTF-8, looks for that text.
 * @throws FdwsyncError that names the objects; else whatever the work throws
 */
export async function explainingUnreadableText<T>(session: Session, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isUnreadable = isDatabaseError(error) && error.sqlstate === '22021' && !error.isOfSource
    if (!isUnreadable || session.isLost()) throw error
    throw (await findUnreadableText(session)) ?? error
  }
}

async function findUnreadableText(session: Session): Promise<FdwsyncError | undefined> {
  const rows = await inReadOnlyTransaction(session, async () => {
    const [encoding] = await session.query<{ server_encoding: string }>(trusted('SHOW server_encoding'))
    return encoding?.server_encoding === 'SQL_ASCII' ? session.query<{ title: string }>(unreadableQuery) : []
  })
  if (rows.length === 0) return undefined
  const titles = [...new Set(rows.map(({ title }) => title))].sort()
  const more = titles.length > most ? ` and ${titles.length - most} others` : ''
  return new FdwsyncError({
    code: 'server/error',
    message: `the database has text that is not UTF-8: ${titles.slice(0, most).join(', ')}${more}`,
    hint: 'Its encoding is SQL_ASCII, which stores any bytes, but fdwsync reads UTF-8. Write the text in UTF-8, or rename or drop the object.',
  })
}

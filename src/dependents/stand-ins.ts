import type { WantedObject } from '../core/change.ts'
import type { Lost } from '../core/dependent.ts'
import { relationKey } from '../core/object.ts'
import { ident, join, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { kindOf } from '../kinds/registry.ts'
import { requalifyRelations } from '../parser/requalify.ts'

/** Where stand-ins are made. */
export interface Place {
  /** By schema. */
  readonly scratch: ReadonlyMap<string, string>
  /** What stands there already. */
  readonly existing: Set<string>
}

/** Tables of the columns to come, without data. */
export async function makeEmptyTables(
  session: Session,
  relations: readonly { readonly id: { readonly schema: string; readonly name: string }; readonly to: WantedObject }[],
  scratch: ReadonlyMap<string, string>,
): Promise<void> {
  const tables = relations.map(({ id, to }) => {
    const columns = Array.from(
      kindOf(to.id).columns?.(to.spec) ?? [],
      ([name, type]) => sql`${ident(name)} ${trusted(type)}`,
    )
    return sql`CREATE TABLE ${qualified(scratch.get(id.schema) ?? '', id.name)} (${join(columns, ', ')})`
  })
  const schemas = Array.from(scratch.values(), (name) => sql`CREATE SCHEMA ${ident(name)}`)
  await session.run(join([...schemas, ...tables], ';\n'))
}

/** SQL as the catalog shows it, of what stands in the scratch schemas. */
export function requalifyForScratch(text: string, { scratch, existing }: Place): Promise<string> {
  return requalifyRelations(text, ({ schema, name }) =>
    existing.has(relationKey(schema ?? '', name)) ? scratch.get(schema ?? '') : undefined,
  )
}

/** Runs it; if it fails, nothing is done, and it says why. */
export async function tryStatements(session: Session, statements: Sql): Promise<Lost | undefined> {
  await session.run(trusted('SAVEPOINT view'))
  try {
    await session.run(statements)
    return undefined
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    await session.run(trusted('ROLLBACK TO view'))
    if (error.sqlstate === '55P03') return locked
    return { reason: error.message.includes('fdwsync_try_') ? 'it shows whole rows of what changes' : error.message }
  }
}

const locked: Lost = {
  reason: 'what it reads is locked by another session',
  hint: 'Plan again when that is done.',
}

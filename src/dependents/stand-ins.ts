// Creates stand-ins for relations and views in scratch schemas.

import type { WantedObject } from '../core/change.ts'
import type { Lost } from '../core/dependent.ts'
import { relationKey } from '../core/object.ts'
import { ident, join, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { describeCode, type MayEvaluate } from '../introspector/evaluation/evaluated-code.ts'
import { evaluationReason, readEvaluatingCode, runByStatements } from '../introspector/evaluation/evaluation.ts'
import { kindOf } from '../kinds/registry.ts'
import { requalify } from '../parser/requalify.ts'

/** The scratch schemas and their contents. */
export interface Place {
  /** The name of the scratch schema for each real schema. */
  readonly scratch: ReadonlyMap<string, string>
  /** The relations that have a stand-in, by their real names. */
  readonly existing: Set<string>
  /** Which user-defined code may be run. */
  readonly mayEvaluate: MayEvaluate
  readonly trustedRoles: readonly string[]
}

/** Creates the scratch schemas, with an empty table for each relation that has its wanted columns. */
export async function createEmptyTables(
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

/** Replaces relations in deparsed SQL by their stand-ins. */
export function requalifyForScratch(
  text: string,
  { scratch, existing }: Pick<Place, 'scratch' | 'existing'>,
): Promise<string> {
  return requalify(text, ({ schema, name }) =>
    existing.has(relationKey(schema ?? '', name)) ? scratch.get(schema ?? '') : undefined,
  )
}

/**
 * Runs statements in a savepoint. If they fail, it rolls them back and returns the reason. In a plan it does not run statements
 * that would run user-defined code.
 */
export async function tryStatements(
  session: Session,
  statements: Sql,
  { mayEvaluate, trustedRoles }: Pick<Place, 'mayEvaluate' | 'trustedRoles'>,
): Promise<Lost | undefined> {
  if (mayEvaluate !== 'everything') {
    const isUntrustedOnly = mayEvaluate === 'trusted-code'
    const evaluating = await readEvaluatingCode(session, { trustedRoles, isUntrustedOnly })
    const code = await runByStatements(session, evaluating, [{ sql: statements }])
    if (code.length > 0)
      return { reason: isUntrustedOnly ? `creating it would run ${describeCode(code)}` : evaluationReason(code) }
  }
  await session.run(trusted('SAVEPOINT view'))
  try {
    await session.run(statements)
    return undefined
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    await session.run(trusted('ROLLBACK TO view'))
    if (error.sqlstate === '55P03') return locked
    return {
      reason: error.message.includes('fdwsync_try_')
        ? 'it uses the row type of a relation that changes'
        : error.message,
    }
  }
}

const locked: Lost = {
  reason: 'what it reads is locked by another session',
  hint: 'Plan again when that is done.',
}

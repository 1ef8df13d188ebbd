// Creates stand-ins for relations and views in scratch schemas.

import type { Lost } from '../core/dependent.ts'
import { relationKey } from '../core/object.ts'
import { ident, join, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { newSuffix } from '../db/suffix.ts'
import { describeCode, type MayEvaluate } from '../introspector/evaluation/evaluated-code.ts'
import { evaluationReason, readEvaluatingCode, runByStatements } from '../introspector/evaluation/evaluation.ts'
import { requalify } from '../parser/requalify.ts'

/** The scratch schemas and their contents. */
export interface Place {
  /** The name of the scratch schema for each real schema. */
  readonly scratch: ReadonlyMap<string, string>
  /** The relations and types that have a stand-in, by their real names. */
  readonly existing: Set<string>
  /** The types among them, by their names in the scratch schemas. */
  readonly types: Map<string, string>
  /** Which user-defined code may be run. */
  readonly mayEvaluate: MayEvaluate
  readonly trustedRoles: readonly string[]
}

/** Creates a scratch schema for each schema, under a random name, so that no role can prepare objects there. */
export async function createScratchSchemas(
  session: Session,
  schemas: Iterable<string>,
  { mayEvaluate, trustedRoles }: Pick<Place, 'mayEvaluate' | 'trustedRoles'>,
): Promise<Place> {
  const suffix = newSuffix()
  const scratch = new Map(Array.from(new Set(schemas), (schema, at) => [schema, `fdwsync_try_${suffix}_${at}`]))
  const creations = Array.from(scratch.values(), (name) => sql`CREATE SCHEMA ${ident(name)}`)
  if (creations.length > 0) await session.run(join(creations, ';\n'))
  return { scratch, existing: new Set(), types: new Map(), mayEvaluate, trustedRoles }
}

/** A relation with the types that its columns are to have. */
export interface RelationToCreate {
  readonly id: { readonly schema: string; readonly name: string }
  readonly columns: ReadonlyMap<string, string>
}

/** Creates an empty table for each relation. */
export async function createEmptyTables(
  session: Session,
  relations: readonly RelationToCreate[],
  place: Place,
): Promise<void> {
  const tables = relations.map(({ id, columns }) => {
    const list = Array.from(columns, ([name, type]) => sql`${ident(name)} ${trusted(type)}`)
    return sql`CREATE TABLE ${qualified(place.scratch.get(id.schema) ?? '', id.name)} (${join(list, ', ')})`
  })
  const requalified = await Promise.all(tables.map((table) => requalifyForScratch(table, place)))
  await session.run(join(requalified.map(trusted), ';\n'))
  for (const { id } of relations) place.existing.add(relationKey(id.schema, id.name))
}

/** Replaces relations and types in deparsed SQL by their stand-ins. */
export function requalifyForScratch(
  text: string,
  { scratch, existing }: Pick<Place, 'scratch' | 'existing'>,
): Promise<string> {
  return requalify(text, ({ schema, name }) =>
    existing.has(relationKey(schema ?? '', name)) ? scratch.get(schema ?? '') : undefined,
  )
}

/** The reason where only that of the stand-ins is known. */
export const usesChangedRows = 'it uses the row type of a relation that changes'

/** Why statements failed, or were not run. */
export interface FailedTrial extends Lost {
  /** Whether PostgreSQL would refuse them at any other time, too. */
  readonly isProof: boolean
}

/**
 * Runs statements in a savepoint. If they fail, it rolls them back and returns the reason. In a plan it does not run statements
 * that would run user-defined code.
 */
export async function tryStatements(
  session: Session,
  statements: Sql,
  { scratch, mayEvaluate, trustedRoles, types }: Pick<Place, 'scratch' | 'mayEvaluate' | 'trustedRoles' | 'types'>,
): Promise<FailedTrial | undefined> {
  if (mayEvaluate !== 'everything') {
    const isUntrustedOnly = mayEvaluate === 'trusted-code'
    const evaluating = await readEvaluatingCode(session, { trustedRoles, isUntrustedOnly })
    const code = await runByStatements(session, evaluating, [{ sql: statements }])
    if (code.length > 0) {
      const reason = isUntrustedOnly ? `creating it would run ${describeCode(code)}` : evaluationReason(code)
      return { reason, isProof: false }
    }
  }
  await session.run(trusted('SAVEPOINT view'))
  try {
    await session.run(statements)
    return undefined
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    await session.run(trusted('ROLLBACK TO view'))
    if (error.sqlstate === '55P03') return locked
    // A new type has its final name in the message. Other names of stand-ins are those of row types.
    const reason = [...types].reduce((text, [standIn, name]) => text.replaceAll(standIn, () => name), error.message)
    const namesScratch = [...scratch.values()].some((name) => reason.includes(name))
    return {
      reason: namesScratch ? usesChangedRows : reason,
      isProof: isProof(error),
    }
  }
}

/** Errors that are permanent, such as a type that does not fit, unlike a timeout, a lock or a missing privilege. */
export function isProof({ sqlstate }: Pick<DatabaseError, 'sqlstate'>): boolean {
  return /^(?:0A|22|42|54)/.test(sqlstate) && sqlstate !== '42501'
}

const locked: FailedTrial = {
  isProof: false,
  reason: 'what it reads is locked by another session',
  hint: 'Plan again when that is done.',
}

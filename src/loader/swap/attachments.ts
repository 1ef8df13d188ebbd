// Reads what was added by hand to a relation that is about to be replaced, as statements that add it to the successor.

import { groupBy } from '../../core/data.ts'
import type { LostAttachment } from '../../core/dependent.ts'
import type { ObjectId } from '../../core/object.ts'
import { type Sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { attachmentsQuery } from './attachments-query.ts'

/** Statements for each phase of a replacement. */
export interface Attachments {
  /** Statements for a successor in its scratch schema. */
  readonly onSuccessor: readonly Sql[]
  /** Statements for when all successors are built: foreign keys between them. */
  readonly betweenSuccessors: readonly Sql[]
  /** Statements for the start of the swap, before the originals are moved out. */
  readonly beforeSwap: readonly Sql[]
  /** Statements for the end of the swap: statistics, whose names were taken until then, triggers and rules. */
  readonly afterSwap: readonly Sql[]
}

export const noAttachments: Attachments = { onSuccessor: [], betweenSuccessors: [], beforeSwap: [], afterSwap: [] }

/** A relation that is replaced. */
export interface Replaced {
  readonly oid: number
  /** The schema of its successor. */
  readonly scratch: string
  /** The kind of its successor. */
  readonly kind: ObjectId['kind']
  /** Whether the original is kept under another name. */
  readonly kept: boolean
  /** The columns that its successor has too, with their names there. */
  readonly columns: Readonly<Record<string, string>>
  /** The primary key that its successor has too, with its name there. */
  readonly keys: Readonly<Record<string, string>>
  /** The attachments that its successor cannot have. */
  readonly loses: readonly LostAttachment[]
}

/**
 * Reads the attachments of relations, by OID. Runs under `readingPath`.
 * @param declared the declared objects, which are created by other statements
 * @param dropped the objects that are no longer declared, and so are not recreated
 */
export async function readAttachments(
  session: Session,
  relations: readonly Replaced[],
  declared: readonly ObjectId[],
  dropped: readonly ObjectId[],
): Promise<ReadonlyMap<number, Attachments>> {
  const lost = relations.flatMap(({ loses }) => loses.map(({ catalog, oid }) => ({ catalog, oid })))
  const rows = await session.query<{ oid: number; sql: string; phase: keyof Attachments }>(attachmentsQuery, [
    JSON.stringify(relations.map(({ loses, ...relation }) => relation)),
    JSON.stringify(declared),
    JSON.stringify(dropped),
    JSON.stringify(lost),
  ])
  const byOid = groupBy(rows, ({ oid }) => oid)
  return new Map(
    relations.map(({ oid }) => {
      const inPhase = (wanted: keyof Attachments) =>
        (byOid.get(oid) ?? []).flatMap(({ phase, sql }) => (phase === wanted ? [trusted(sql)] : []))
      return [
        oid,
        {
          onSuccessor: inPhase('onSuccessor'),
          betweenSuccessors: inPhase('betweenSuccessors'),
          beforeSwap: inPhase('beforeSwap'),
          afterSwap: inPhase('afterSwap'),
        },
      ]
    }),
  )
}
